//! What a source file names, without its comments and tests.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// What the rules ask about a file.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// Path below `src`.
    pub(crate) file: String,
    /// The `//!` lines.
    pub(crate) doc: String,
    /// Whether it contains or allows `unsafe`.
    pub(crate) is_unsafe: bool,
    /// Integer literals, except in the default architecture.
    pub(crate) numbers: Vec<u128>,
    /// The first list of numbers among its types, such as `Vec<f32>` or `[u8; 4]`.
    pub(crate) list_of_numbers: Option<String>,
    /// Where the file of a `#[cfg(test)] mod name;` can be.
    pub(crate) test_files: Vec<String>,
    /// Every path; paths into this crate begin with `crate`, except those into a child module of the file.
    pub(crate) paths: Vec<Vec<String>>,
    /// The file's child modules, without tests.
    pub(crate) children: Vec<String>,
    /// Names that a `use` imports, and the path of each.
    pub(crate) uses: Vec<(String, Vec<String>)>,
    /// Names of the types, aliases and traits that it defines.
    pub(crate) types: Vec<String>,
    /// Names of the types that it gives methods or traits to.
    pub(crate) implemented: Vec<String>,
    /// Method names and string literals.
    words: Vec<String>,
    /// The module that is being read.
    module: Vec<String>,
}

impl Source {
    /// Reads a file at a path below `src`.
    pub(crate) fn read(file: &str, text: &str) -> syn::Result<Self> {
        let parsed = syn::parse_file(text)?;
        let doc = text.lines().filter_map(|line| line.trim_start().strip_prefix("//!"));
        let doc = doc.collect::<Vec<_>>().join("\n");
        let module = module_of(file);
        let mut source = Self { file: file.to_owned(), doc, module, ..Self::default() };
        source.visit_file(&parsed);
        Ok(source)
    }

    /// The top module that the file belongs to.
    pub(crate) fn top(&self) -> &str {
        let first = self.file.split('/').next().unwrap_or_default();
        first.trim_end_matches(".rs")
    }

    /// The first path for which this is true.
    pub(crate) fn names(&self, mut found: impl FnMut(&[&str]) -> bool) -> Option<String> {
        self.paths.iter().find_map(|path| {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            found(&path).then(|| path.join("::"))
        })
    }

    /// The first method name or string for which this is true.
    pub(crate) fn words(&self, mut found: impl FnMut(&str) -> bool) -> Option<String> {
        self.words.iter().find(|word| found(word)).cloned()
    }

    /// Records a path, from the crate's root if it leads into the crate.
    fn take(&mut self, path: &[String]) {
        let path = self.rooted(path);
        if !path.is_empty() {
            self.paths.push(path);
        }
    }

    fn rooted(&self, path: &[String]) -> Vec<String> {
        let mut base = match path.first().map(String::as_str) {
            Some("self" | "super") => self.module.clone(),
            _ => Vec::new(),
        };
        for segment in path {
            match segment.as_str() {
                "self" => {}
                "super" => drop(base.pop()),
                _ => base.push(segment.clone()),
            }
        }
        base
    }

    /// Records what a `use` imports, and under which name.
    fn take_use(&mut self, tree: &syn::UseTree, before: &[String]) {
        let with = |ident: &syn::Ident| [before, &[ident.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.take_use(&path.tree, &with(&path.ident)),
            syn::UseTree::Name(name) => self.take_named(&with(&name.ident), &name.ident),
            syn::UseTree::Rename(rename) => {
                self.take_named(&with(&rename.ident), &rename.rename);
            }
            syn::UseTree::Glob(_) => self.take(before),
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.take_use(tree, before));
            }
        }
    }

    fn take_named(&mut self, path: &[String], name: &syn::Ident) {
        self.take(path);
        // `use a::b::{self}` brings `b`.
        let parent = path.iter().rev().nth(1).filter(|_| name == "self");
        let name = parent.cloned().unwrap_or_else(|| name.to_string());
        self.uses.push((name, self.rooted(path)));
    }

    fn take_literal(&mut self, literal: &syn::Lit) {
        match literal {
            syn::Lit::Int(number) => self.numbers.extend(number.base10_parse::<u128>()),
            syn::Lit::Str(text) => self.words.push(text.value()),
            _ => {}
        }
    }

    /// The arguments of macros and attributes are not parsed, but their paths, words and numbers are still
    /// found.
    fn take_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.take(&std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    self.words.push(ident.to_string());
                    self.is_unsafe |= ident == "unsafe" || ident == "unsafe_code";
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Punct(_) => colons = 0,
                TokenTree::Group(group) => self.take_tokens(group.stream()),
                TokenTree::Literal(literal) => self.take_literal(&syn::Lit::new(literal)),
            }
        }
        self.take(&path);
    }
}

/// The module of a file below `src`, from the crate's root.
pub(crate) fn module_of(file: &str) -> Vec<String> {
    let stem = file.trim_end_matches(".rs").trim_end_matches("/mod");
    let root = std::iter::once("crate");
    root.chain(stem.split('/').filter(|&part| part != "lib")).map(str::to_owned).collect()
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

fn is_number(ty: &syn::Type) -> bool {
    const NUMBERS: &[&str] = &["f32", "f64", "u8", "u16", "u32", "u64", "usize", "i32", "i64"];
    let syn::Type::Path(ty) = ty else { return false };
    NUMBERS.iter().any(|number| ty.path.is_ident(number))
}

impl<'ast> Visit<'ast> for Source {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let name = module.ident.to_string();
        if !is_for_tests(&module.attrs) {
            self.children.push(name.clone());
            self.module.push(name);
            visit::visit_item_mod(self, module);
            self.module.pop();
        } else if module.content.is_none() {
            let folder = [&self.module[1..], &[name]].concat().join("/");
            self.test_files.extend([format!("{folder}.rs"), format!("{folder}/mod.rs")]);
        }
    }

    /// The modules in `pub(in ...)` are not named by the file.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.types.push(item.ident.to_string());
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.types.push(item.ident.to_string());
        visit::visit_item_enum(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.types.push(item.ident.to_string());
        visit::visit_item_trait(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.types.push(item.ident.to_string());
        visit::visit_item_type(self, item);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.take_use(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let path_names: Vec<_> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        self.take(&path_names);
        if let Some(last) = path.segments.last()
            && last.ident == "Vec"
            && let syn::PathArguments::AngleBracketed(arguments) = &last.arguments
            && let Some(syn::GenericArgument::Type(ty)) = arguments.args.first()
            && is_number(ty)
        {
            self.list_of_numbers.get_or_insert("a Vec of numbers".to_owned());
        }
        visit::visit_path(self, path);
    }

    fn visit_type_array(&mut self, array: &'ast syn::TypeArray) {
        if is_number(&array.elem) {
            self.list_of_numbers.get_or_insert("an array of numbers".to_owned());
        }
        visit::visit_type_array(self, array);
    }

    fn visit_type_slice(&mut self, slice: &'ast syn::TypeSlice) {
        if is_number(&slice.elem) {
            self.list_of_numbers.get_or_insert("a slice of numbers".to_owned());
        }
        visit::visit_type_slice(self, slice);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        self.is_unsafe |= item.unsafety.is_some();
        if let syn::Type::Path(ty) = &*item.self_ty {
            self.implemented.extend(ty.path.segments.last().map(|last| last.ident.to_string()));
        }
        let of_default = item.trait_.as_ref().is_some_and(|(path, _)| path.is_ident("Default"));
        let is_architecture = matches!(&*item.self_ty,
            syn::Type::Path(ty) if ty.path.is_ident("Architecture"));
        let before = self.numbers.len();
        visit::visit_item_impl(self, item);
        if of_default && is_architecture {
            self.numbers.truncate(before);
        }
    }

    fn visit_expr_unsafe(&mut self, block: &'ast syn::ExprUnsafe) {
        self.is_unsafe = true;
        visit::visit_expr_unsafe(self, block);
    }

    fn visit_safety(&mut self, safety: &'ast syn::Safety) {
        self.is_unsafe |= matches!(safety, syn::Safety::Unsafe(_));
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.words.push(call.method.to_string());
        visit::visit_expr_method_call(self, call);
    }

    fn visit_lit(&mut self, literal: &'ast syn::Lit) {
        self.take_literal(literal);
    }

    fn visit_macro(&mut self, macro_call: &'ast syn::Macro) {
        self.visit_path(&macro_call.path);
        self.take_tokens(macro_call.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        // A doc comment is an attribute too.
        if !attribute.path().is_ident("doc") {
            self.visit_path(attribute.path());
            if let syn::Meta::List(list) = &attribute.meta {
                self.take_tokens(list.tokens.clone());
            }
        }
    }
}
