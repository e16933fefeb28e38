// The canvas: strokes by mouse, pen, touch or keyboard, or an opened picture.

const PEN = 22;
const STEP = 16;
const INK = "#111";

export class Pad {
  #canvas;
  #draw;
  #strokes = [];
  #picture = null; // the opened file: its bytes and image
  #pens = new Map(); // strokes in progress, by pointer
  #keys = { x: 320, y: 240, stroke: null, shown: false };
  #changed;

  constructor(canvas, changed) {
    this.#canvas = canvas;
    this.#draw = canvas.getContext("2d");
    this.#changed = changed;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => this.#up(event));
    }
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("blur", () => this.#leave());
    this.#paint();
  }

  get isEmpty() {
    return !this.#picture && this.#strokes.length === 0;
  }

  clear() {
    this.#picture = null;
    this.#strokes = [];
    this.#keys.stroke = null;
    this.#paint();
    this.#changed();
  }

  undo() {
    if (this.#picture) {
      this.clear();
      return;
    }
    this.#strokes.pop();
    this.#keys.stroke = null;
    this.#paint();
    this.#changed();
  }

  // Show a picture; one that the browser cannot display is still sent to the server.
  async open(blob) {
    const shown = await createImageBitmap(blob).catch(() => null);
    this.#strokes = [];
    this.#keys.stroke = null;
    this.#picture = { blob, shown };
    this.#paint();
    this.#changed();
  }

  // Return the bytes to send: the file, or the drawing as a PNG.
  async bytes() {
    if (this.#picture) {
      return this.#picture.blob;
    }
    const shown = this.#keys.shown;
    this.#keys.shown = false; // hides the keyboard's cursor, which is not ink
    this.#paint();
    const png = new Promise((done) => this.#canvas.toBlob(done, "image/png"));
    this.#keys.shown = shown;
    this.#paint();
    return png;
  }

  // Position of a picture of this size on the canvas.
  place(width, height) {
    const scale = Math.min(this.#canvas.width / width, this.#canvas.height / height);
    return { scale, left: (this.#canvas.width - width * scale) / 2, top: (this.#canvas.height - height * scale) / 2 };
  }

  #point(event) {
    const seen = this.#canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - seen.left) * this.#canvas.width) / seen.width,
      y: ((event.clientY - seen.top) * this.#canvas.height) / seen.height,
    };
  }

  #begin(point) {
    this.#picture = null;
    const stroke = [point];
    this.#strokes.push(stroke);
    return stroke;
  }

  #down(event) {
    if (event.button !== 0) {
      return;
    }
    this.#canvas.setPointerCapture(event.pointerId);
    this.#pens.set(event.pointerId, this.#begin(this.#point(event)));
    this.#leave();
    this.#paint();
  }

  #move(event) {
    const stroke = this.#pens.get(event.pointerId);
    if (!stroke) {
      return;
    }
    const between = event.getCoalescedEvents?.() ?? [];
    for (const step of between.length ? between : [event]) {
      stroke.push(this.#point(step));
    }
    this.#paint();
  }

  #up(event) {
    if (this.#pens.delete(event.pointerId)) {
      this.#changed();
    }
  }

  #key(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const keys = this.#keys;
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key in moves) {
      const [x, y] = moves[event.key];
      keys.x = Math.min(Math.max(keys.x + x * STEP, 0), this.#canvas.width);
      keys.y = Math.min(Math.max(keys.y + y * STEP, 0), this.#canvas.height);
      keys.stroke?.push({ x: keys.x, y: keys.y });
    } else if (event.key === " ") {
      if (keys.stroke) {
        keys.stroke = null;
        this.#changed();
      } else {
        keys.stroke = this.#begin({ x: keys.x, y: keys.y });
      }
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.clear();
    } else if (event.key.toLowerCase() === "z") {
      this.undo();
    } else {
      return;
    }
    event.preventDefault();
    keys.shown = true;
    this.#paint();
  }

  // Lift the keyboard's pen when another pointer draws, or the canvas loses focus.
  #leave() {
    const drew = this.#keys.stroke !== null;
    this.#keys.stroke = null;
    this.#keys.shown = false;
    this.#paint();
    if (drew) {
      this.#changed();
    }
  }

  #paint() {
    const draw = this.#draw;
    const { width, height } = this.#canvas;
    draw.fillStyle = "#fff";
    draw.fillRect(0, 0, width, height);
    if (this.#picture?.shown) {
      const { shown } = this.#picture;
      const { scale, left, top } = this.place(shown.width, shown.height);
      draw.drawImage(shown, left, top, shown.width * scale, shown.height * scale);
    }
    draw.strokeStyle = draw.fillStyle = INK;
    draw.lineWidth = PEN;
    draw.lineCap = draw.lineJoin = "round";
    this.#strokes.forEach((stroke) => this.#stroke(stroke));
    if (this.#keys.shown) {
      draw.lineWidth = 3;
      draw.strokeStyle = this.#keys.stroke ? "#c2371f" : "#1d5fa8";
      draw.beginPath();
      draw.arc(this.#keys.x, this.#keys.y, PEN / 2 + 4, 0, 2 * Math.PI);
      draw.stroke();
    }
  }

  // Draw a smooth curve through the midpoints between points.
  #stroke(points) {
    const draw = this.#draw;
    const [first, ...others] = points;
    draw.beginPath();
    if (others.length === 0) {
      draw.arc(first.x, first.y, PEN / 2, 0, 2 * Math.PI);
      draw.fill();
      return;
    }
    draw.moveTo(first.x, first.y);
    let before = first;
    for (const point of others) {
      draw.quadraticCurveTo(before.x, before.y, (before.x + point.x) / 2, (before.y + point.y) / 2);
      before = point;
    }
    draw.lineTo(before.x, before.y);
    draw.stroke();
  }
}
