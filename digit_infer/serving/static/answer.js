// Displays the answer and how it was found.

const byId = (id) => document.getElementById(id);
const percent = (share) => `${(100 * share).toFixed(2)} %`;
const EMPTY = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
const LOOKS = { given: "", plain: ", by the plain look", network: ", by the ink network" };

const rows = [...Array(10).keys()].map((digit) => {
  const row = document.createElement("li");
  const [name, track, fill, share] = ["", "track", "fill", "share"].map((kind) => {
    const part = document.createElement("span");
    part.className = kind;
    return part;
  });
  name.textContent = digit;
  track.append(fill);
  row.append(name, track, share);
  byId("bars").append(row);
  return { row, fill, share };
});

function showBars(probabilities) {
  const best = probabilities ? probabilities.indexOf(Math.max(...probabilities)) : -1;
  rows.forEach(({ row, fill, share }, digit) => {
    row.classList.toggle("best", digit === best);
    fill.style.width = probabilities ? `${100 * probabilities[digit]}%` : "0";
    share.textContent = probabilities ? percent(probabilities[digit]) : "";
  });
}

function showImage(source, digit) {
  byId("image").src = source ?? EMPTY;
  byId("image").alt = source ? `The ${digit} as 28 by 28 pixels` : "Nothing yet";
}

function showInk(source, alt, by) {
  byId("ink").src = source ?? EMPTY;
  byId("ink").alt = alt;
  byId("by").textContent = by;
}

function say(digit, sure, kind) {
  byId("digit").textContent = digit;
  byId("digit").className = `digit ${kind}`;
  byId("sure").textContent = sure;
}

function showBoxes(pad, size, boxes) {
  const marks = byId("marks");
  const draw = marks.getContext("2d");
  draw.clearRect(0, 0, marks.width, marks.height);
  const place = pad.place(...size);
  for (const [left, top, right, bottom] of boxes) {
    for (const [width, colour] of [[6, "#fff"], [3, "#1d5fa8"]]) { // visible on any picture
      draw.lineWidth = width;
      draw.strokeStyle = colour;
      draw.strokeRect(
        place.left + left * place.scale - 6,
        place.top + top * place.scale - 6,
        (right - left) * place.scale + 12,
        (bottom - top) * place.scale + 12,
      );
    }
  }
}

export function showNothing(pad) {
  say("–", "Nothing drawn yet", "none");
  showBars(null);
  showImage(null);
  showBoxes(pad, [1, 1], []);
  showInk(null, "Nothing yet", "");
  byId("digits").hidden = true;
}

export function showDigit(pad, answer) {
  const { digit, confidence, reason, box, size } = answer;
  say(reason ? "?" : digit, reason ? sentence(reason, digit, confidence) : `${percent(confidence)} sure`, reason ? "none" : "");
  showBars(answer.probabilities);
  showImage(answer.image, digit);
  showBoxes(pad, size, box ? [box] : []);
  showInk(answer.ink, box ? "The ink of the digit, where it lies on the picture" : "No ink was found", LOOKS[answer.look] ?? "");
  byId("digits").hidden = true;
}

function sentence(reason, digit, confidence) {
  const words = `${reason[0].toUpperCase()}${reason.slice(1)}.`;
  return reason.startsWith("several") ? `${words} Choose “A whole number” to read them.` : `${words} At best a ${digit}, ${percent(confidence)}.`;
}

export function showNumber(pad, answer) {
  const { text, digits, size, turned } = answer;
  const sure = digits.length ? `${percent(answer.confidence)} sure on average` : "No digit found.";
  say(text || "?", turned ? `${sure}, read turned by ${turned}°` : sure, text ? "number" : "none");
  showBoxes(pad, size, digits.map((digit) => digit.box));
  showInk(answer.ink, digits.length ? "The ink of each digit, where it lies on the picture" : "No ink was found", "");
  byId("digits").hidden = digits.length === 0;
  const buttons = digits.map((digit) => {
    const button = document.createElement("button");
    const image = document.createElement("img");
    image.src = digit.image;
    image.alt = "";
    const name = document.createElement("span");
    name.textContent = digit.digit;
    button.type = "button";
    button.setAttribute("aria-label", `${digit.digit}, ${percent(digit.confidence)}`);
    button.append(image, name);
    button.addEventListener("click", () => select(digit, button));
    return button;
  });
  const select = (digit, pressed) => {
    buttons.forEach((button) => button.setAttribute("aria-pressed", button === pressed));
    showBars(digit.probabilities);
    showImage(digit.image, digit.digit);
  };
  byId("digits").replaceChildren(
    ...buttons.map((button) => {
      const item = document.createElement("li");
      item.append(button);
      return item;
    }),
  );
  if (digits.length) {
    select(digits[0], buttons[0]);
  } else {
    showBars(null);
    showImage(null);
  }
}

export function showModel(name) {
  byId("model").textContent = `, by ${name}`;
}

export function showError(words) {
  byId("error").hidden = !words;
  byId("error").textContent = words ?? "";
}
