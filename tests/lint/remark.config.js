import validateLinks from "remark-validate-links";

// Links between the project's own files, and to headings in them, which needs no repository address
// and no network.
export default {
  plugins: [[validateLinks, { repository: false }]],
};
