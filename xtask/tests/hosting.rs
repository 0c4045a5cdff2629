//! The hosting files agree.

const NGINX: &str = include_str!("../../hosting/nginx.conf");
const HEADERS: &str = include_str!("../../hosting/_headers");

#[test]
fn each_host_sends_the_same_headers() {
    let fixed: Vec<(&str, &str)> = NGINX
        .lines()
        .filter_map(|line| line.trim().strip_prefix("add_header ")?.strip_suffix(" always;"))
        .filter_map(|header| header.split_once(' '))
        .filter(|(_, value)| !value.starts_with('$'))
        .collect();
    assert!(fixed.len() >= 6, "{fixed:?}");
    for (name, value) in fixed {
        let line = format!("  {name}: {}\n", value.trim_matches('"'));
        assert!(HEADERS.contains(&line), "_headers lacks {line}");
    }
}

/// What depends on the path, in nginx's maps.
#[test]
fn each_host_sends_the_same_policies_and_ages() {
    for (map, name, count) in [
        ("$inkling_cache {", "Cache-Control", 3),
        ("$inkling_policy {", "Content-Security-Policy", 2),
    ] {
        let (_, map) = NGINX.split_once(map).expect("nginx.conf has the map");
        let (map, _) = map.split_once("\n    }").expect("it ends");
        let values: Vec<&str> = map
            .lines()
            .filter_map(|line| line.trim().strip_suffix("\";")?.rsplit('"').next())
            .collect();
        assert_eq!(values.len(), count, "{values:?}");
        for value in values {
            assert!(HEADERS.contains(&format!("  {name}: {value}\n")), "_headers lacks {value}");
        }
    }
}
