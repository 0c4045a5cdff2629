import validateLinks from "remark-validate-links";

// Links between the project's own files, and to headings in them. No repository's address is needed
// for that, and no network.
export default {
  plugins: [[validateLinks, { repository: false }]],
};
