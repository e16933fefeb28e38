// Sends the drawing or picture to the server on every change, and shows the answer.

import { showDigit, showError, showModel, showNothing, showNumber } from "./answer.js";
import { Pad } from "./pad.js";
import { listen } from "./sources.js";

const byId = (id) => document.getElementById(id);
const mode = () => document.querySelector("input[name=mode]:checked").value;
let asking = new AbortController();

const pad = new Pad(byId("pad"), ask);

async function ask() {
  asking.abort(); // only the latest picture counts
  asking = new AbortController();
  const { signal } = asking;
  byId("invitation").hidden = !pad.isEmpty;
  showError(null);
  if (pad.isEmpty) {
    showNothing(pad);
    return;
  }
  const kind = mode();
  try {
    const response = await fetch(`page/${kind}`, { method: "POST", body: await pad.bytes(), signal });
    const answer = await response.json();
    if (signal.aborted) {
      return;
    }
    if (!response.ok) {
      showNothing(pad);
      showError(answer.error);
      return;
    }
    showModel(answer.model);
    (kind === "look" ? showDigit : showNumber)(pad, answer);
  } catch (error) {
    if (error.name !== "AbortError") {
      showNothing(pad);
      showError("The server does not answer. Is digit-infer serve still running?");
    }
  }
}

// Show the camera button on touch devices; elsewhere it would open files like the other button.
byId("camera").parentElement.hidden = navigator.maxTouchPoints === 0;
byId("clear").addEventListener("click", () => pad.clear());
byId("undo").addEventListener("click", () => pad.undo());
for (const choice of document.querySelectorAll("input[name=mode]")) {
  choice.addEventListener("change", ask);
}
listen({
  inputs: [byId("file"), byId("camera")],
  paper: byId("paper"),
  opened: (file) => pad.open(file),
  refused: showError,
});
showNothing(pad);
byId("pad").addEventListener("pointerdown", () => {
  byId("invitation").hidden = true;
});
