export default {
  extends: "stylelint-config-standard",
  rules: {
    // Rules stand in the order of the page's parts, not of their specificity.
    "no-descending-specificity": null,
    // A browser too old for the page still has to show the message that says so.
    "media-feature-range-notation": "prefix",
    // Safari knows these two with a prefix only.
    "property-no-vendor-prefix": [
      true,
      { ignoreProperties: ["-webkit-text-size-adjust", "-webkit-user-select"] },
    ],
    // An empty line sets groups of declarations apart, custom properties or not.
    "custom-property-empty-line-before": null,
    "declaration-empty-line-before": null,
  },
};
