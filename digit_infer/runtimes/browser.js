// Runs one model in this page, and times its calls here: a call from Python takes longer than most networks.

const PACKAGES = "/packages";

/** Open the page's ONNX file: return the function that answers `count` pictures, and what it takes and gives. */
async function openOnnx({ threads }) {
    const ort = await import(`${PACKAGES}/onnxruntime-web/dist/ort.wasm.min.mjs`);
    ort.env.wasm.wasmPaths = `${PACKAGES}/onnxruntime-web/dist/`;
    ort.env.wasm.numThreads = threads;
    const session = await ort.InferenceSession.create("/model", { executionProviders: ["wasm"] });
    const ends = (all) => all.map(({ type, shape }) => [type, shape]);
    const [input] = session.inputNames;
    const [output] = session.outputNames;
    const [{ shape }] = session.inputMetadata;
    const signature = [ends(session.inputMetadata), ends(session.outputMetadata)];
    const runner = async (count) => async (pixels) => {
        const tensor = new ort.Tensor("uint8", pixels, [count, ...shape.slice(1)]);
        return (await session.run({ [input]: tensor }))[output].data;
    };
    return { runner, signature };
}

/** The same of the page's TFLite file, of which LiteRT.js takes one for each number of pictures. */
async function openTflite({ threads }) {
    const { loadLiteRt, loadAndCompile, Tensor } = await import(`${PACKAGES}/@litertjs/core/dist/index.js`);
    await loadLiteRt(`${PACKAGES}/@litertjs/core/wasm/`, { threads: threads > 1 });
    const compile = (count) =>
        loadAndCompile(`/model?batch=${count}`, { accelerator: "wasm", cpuOptions: { numThreads: threads } });
    const ends = (all) => all.map(({ dtype, shape }) => [dtype, [...shape]]);
    const single = await compile(1);
    const signature = [ends(single.getInputDetails()), ends(single.getOutputDetails())];
    const shape = signature[0][0][1].slice(1);
    const runner = async (count) => {
        const model = count === 1 ? single : await compile(count);
        return async (pixels) => {
            const input = new Tensor(pixels, [count, ...shape]);
            const [output] = await model.run(input);
            const found = output.toTypedArray().slice();
            input.delete();
            output.delete();
            return found;
        };
    };
    return { runner, signature };
}

let opened;
let queries;
let turn = 0;

const decoded = async (text) => new Uint8Array(await (await fetch(`data:;base64,${text}`)).arrayBuffer());

const encoded = (arrays) =>
    new Promise((resolve) => {
        const reader = new FileReader();
        reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
        reader.readAsDataURL(new Blob(arrays));
    });

const parts = (pixels, size) =>
    Array.from({ length: pixels.length / size }, (_, number) => pixels.slice(number * size, (number + 1) * size));

window.digits = {
    /** Open the model; return its inputs and outputs, each [type, shape]. */
    async open({ format, threads }) {
        opened = await (format === "onnx" ? openOnnx : openTflite)({ threads });
        opened.single = await opened.runner(1);
        return opened.signature;
    },

    /** Answer pictures one by one; pixels and answers are bytes in base64. */
    async answers(text, size) {
        const found = [];
        for (const pixels of parts(await decoded(text), size)) {
            found.push(await opened.single(pixels));
        }
        return encoded(found);
    },

    /** Take the pictures that queries of `batch` pictures are cut from. */
    async take(text, size, batch) {
        const run = batch === 1 ? opened.single : await opened.runner(batch);
        queries = { run, all: parts(await decoded(text), size * batch) };
    },

    /** Ask for `seconds`, and `atLeast` queries, with a pause before each; return the ns of each. */
    async timed(seconds, atLeast, pause) {
        const { run, all } = queries;
        const samples = [];
        const end = performance.now() + 1000 * seconds;
        let stop = 0;
        while (stop < end || samples.length < atLeast) {
            const query = all[turn++ % all.length];
            if (pause > 0) {
                await new Promise((resolve) => setTimeout(resolve, 1000 * pause));
            }
            const start = performance.now();
            await run(query);
            stop = performance.now();
            samples.push(Math.round(1e6 * (stop - start)));
        }
        return samples;
    },

    /** Ask `count` queries without reading the clock between them; return the seconds of all. */
    async backToBack(count) {
        const { run, all } = queries;
        const start = performance.now();
        for (let number = 0; number < count; number++) {
            await run(all[turn++ % all.length]);
        }
        return (performance.now() - start) / 1000;
    },
};
