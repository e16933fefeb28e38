// The ink on the paper -> one image of 28 × 28 pixels in MNIST's form, as digit_infer/image/mnist_form.py makes it.

const SIDE = 28;
const BOX = 20;
const CENTRE = 14.5;

/** Turn a canvas, dark on white, into ink: how dark each pixel is, 0 to 255. */
export function inkOf(canvas) {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  return { width, height, pixels: Uint8Array.from({ length: width * height }, (_, at) => 255 - data[4 * at]) };
}

/** Return the smallest box that holds all ink, as [left, top, right, bottom]; null where there is none. */
export function boxOf({ width, pixels }) {
  let [left, top, right, bottom] = [Infinity, Infinity, 0, 0];
  pixels.forEach((ink, at) => {
    if (ink > 0) {
      const [x, y] = [at % width, Math.floor(at / width)];
      [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x + 1), Math.max(bottom, y + 1)];
    }
  });
  return right > 0 ? [left, top, right, bottom] : null;
}

/** Return the ink within a box as uint8 [28 × 28]: scaled by area into 20 × 20, its centre of mass in the middle. */
export function mnistForm(ink, box) {
  const small = fitted(ink, box);
  const [column, row] = centreOfMass(small);
  const left = Math.min(Math.max(Math.round(CENTRE - column), 0), SIDE - small.width);
  const top = Math.min(Math.max(Math.round(CENTRE - row), 0), SIDE - small.height);
  const image = new Uint8Array(SIDE * SIDE);
  for (let y = 0; y < small.height; y++) {
    image.set(small.pixels.subarray(y * small.width, (y + 1) * small.width), (top + y) * SIDE + left);
  }
  return image;
}

function fitted({ width: stride, pixels }, [left, top, right, bottom]) {
  const scale = BOX / Math.max(right - left, bottom - top);
  const width = Math.max(1, Math.round((right - left) * scale));
  const height = Math.max(1, Math.round((bottom - top) * scale));
  const sums = new Float64Array(width * height);
  const counts = new Float64Array(width * height);
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const row = Math.floor(((y - top + 0.5) * height) / (bottom - top));
      const at = row * width + Math.floor(((x - left + 0.5) * width) / (right - left));
      sums[at] += pixels[y * stride + x];
      counts[at] += 1;
    }
  }
  const means = sums.map((sum, at) => (counts[at] ? sum / counts[at] : 0));
  const darkest = Math.max(...means, 1);
  return { width, height, pixels: Uint8Array.from(means, (mean) => Math.round((mean * 255) / darkest)) };
}

function centreOfMass({ width, pixels }) {
  let [mass, across, down] = [0, 0, 0];
  pixels.forEach((ink, at) => {
    mass += ink;
    across += ink * ((at % width) + 0.5);
    down += ink * (Math.floor(at / width) + 0.5);
  });
  return [across / mass, down / mass];
}
