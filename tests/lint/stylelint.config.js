export default {
  extends: "stylelint-config-standard",
  rules: {
    // Rules are in the order of the page's parts, not of their specificity.
    "no-descending-specificity": null,
    // A browser too old for the page still has to show the message that says so.
    "media-feature-range-notation": "prefix",
    // Safari knows these two only with a prefix.
    "property-no-vendor-prefix": [
      true,
      { ignoreProperties: ["-webkit-text-size-adjust", "-webkit-user-select"] },
    ],
    // An empty line separates groups of declarations, custom properties or not.
    "custom-property-empty-line-before": null,
    "declaration-empty-line-before": null,
  },
};
