// Pictures that are opened, photographed, dropped or pasted.

export function listen({ inputs, paper, opened, refused }) {
  const first = (files) => {
    const file = files?.[0];
    if (!file) {
      return;
    }
    if (file.type && !file.type.startsWith("image/")) {
      refused(`${file.name || "What was dropped"} is no picture.`);
      return;
    }
    opened(file);
  };
  for (const input of inputs) {
    input.addEventListener("change", () => {
      first(input.files);
      input.value = ""; // so that the same file can be opened again
    });
  }
  let over = 0;
  const mark = () => paper.classList.toggle("over", over > 0);
  document.addEventListener("dragenter", (event) => {
    event.preventDefault();
    over += 1;
    mark();
  });
  document.addEventListener("dragleave", () => {
    over -= 1;
    mark();
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    over = 0;
    mark();
    first(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => first(event.clipboardData.files));
}
