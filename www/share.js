// A picture of 1200x630 pixels, as links are shown with: the drawing, its answer, the accuracy curve and the figures of
// the page as it is now. Loaded on demand.

const size = [1200, 630];
const edge = 56;
const pad = 344;

const element = (id) => document.getElementById(id);
const words = (id) => element(id).textContent.trim();

export function picture() {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = size;
  const context = canvas.getContext("2d");
  const style = getComputedStyle(document.body);
  const colour = (name) => style.getPropertyValue(name);
  const text = (string, x, y, pixels, { name = "--ink", weight = 400, align = "left", width = size[0] } = {}) => {
    context.font = `${weight} ${pixels}px ${style.fontFamily}`;
    context.fillStyle = colour(name);
    context.textAlign = align;
    context.fillText(string, x, y, width);
  };

  context.fillStyle = colour("--paper");
  context.fillRect(0, 0, ...size);
  text("Inkling", edge, 76, 44, { weight: 600 });
  text(document.querySelector(".top p").textContent, edge + 190, 74, 25, { name: "--soft", width: 880 });

  context.fillStyle = colour("--sheet");
  context.fillRect(edge, 120, pad, pad);
  context.drawImage(element("pad"), edge, 120, pad, pad);
  context.strokeStyle = colour("--line");
  context.strokeRect(edge + 0.5, 120.5, pad - 1, pad - 1);
  const middle = edge + pad + 130;
  text(words("digit"), middle, 400, 340, { weight: 300, align: "center" });
  text(words("verdict"), middle, 462, 28, { name: "--soft", align: "center", width: 240 });

  const right = middle + 150;
  const chart = document.querySelector("#accuracy canvas");
  if (chart) {
    const width = size[0] - edge - right;
    text("Accuracy", right, 140, 25, { weight: 600 });
    context.drawImage(chart, right, 156, width, Math.min(300, (width * chart.height) / chart.width));
  }
  const figures = [...document.querySelectorAll(".learn .figures > div")];
  figures.forEach((figure, i) => {
    const [name, value] = [...figure.children].map((part) => part.textContent.trim());
    text(value, edge + 240 * i, 556, 44);
    text(name, edge + 240 * i, 592, 24, { name: "--soft" });
  });
  text(words("run-text"), edge + 720, 556, 25, { width: size[0] - 2 * edge - 720 });
  text(location.host, edge + 720, 592, 24, { name: "--soft", width: size[0] - 2 * edge - 720 });
  return canvas;
}

// Hands the picture to the device's own sharing, where there is one for files; elsewhere saves it. Returns what it did,
// in words.
export async function share() {
  const blob = await new Promise((resolve) => picture().toBlob(resolve));
  const files = [new File([blob], "inkling.png", { type: blob.type })];
  if (matchMedia("(pointer: coarse)").matches && navigator.canShare?.({ files })) {
    const shared = navigator.share({ files, url: location.href });
    return shared.then(() => "Shared", () => "Not shared");
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = files[0].name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  return "Picture saved";
}
