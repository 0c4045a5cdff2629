import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["**/target/"] },
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2022, sourceType: "module" },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      curly: ["error", "multi-line"],
      eqeqeq: "error",
      "no-eval": "error",
      "no-implicit-globals": "error",
      "no-new-func": "error",
      "no-throw-literal": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "prefer-template": "error",
    },
  },
  {
    files: ["www/**/*.js", "bench/**/*.js"],
    ignores: ["www/**/worker*.js", "www/service-worker.js"],
    languageOptions: { globals: globals.browser },
  },
  {
    files: ["www/**/worker*.js"],
    languageOptions: { globals: globals.worker },
  },
  {
    files: ["www/service-worker.js"],
    languageOptions: { globals: globals.serviceworker },
  },
  {
    // They run in browsers without modules, so they are written for those.
    files: ["www/guard.js", "www/too-old.js"],
    languageOptions: { ecmaVersion: 5, sourceType: "script" },
    rules: {
      "no-unused-vars": ["error", { caughtErrors: "none" }],
      "no-var": "off",
      "object-shorthand": "off",
      "prefer-const": "off",
      "prefer-template": "off",
    },
  },
  {
    // TensorFlow.js comes from a script tag.
    files: ["bench/**/tfjs/*.js"],
    languageOptions: { globals: { tf: "readonly" } },
  },
  {
    files: ["tests/**/*.{js,mjs}"],
    languageOptions: { globals: globals.node },
  },
];
