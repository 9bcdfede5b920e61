// What the node case runs: JSON, promises, Map, Buffer, zlib, worker threads.
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const crypto = require('crypto');
const zlib = require('zlib');
const digest = (value) => crypto.createHash('sha256').update(value).digest('hex').slice(0, 16);
let seed = 42;
const rnd = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;

function work(n) {
  const map = new Map();
  for (let i = 0; i < 50000; ++i) map.set(`key${(i * n) % 7919}`, { i, text: 'x'.repeat(i % 50) });
  return digest(JSON.stringify([...map.entries()].sort((a, b) => (a[0] < b[0] ? -1 : 1))));
}

if (!isMainThread) {
  parentPort.postMessage([workerData, work(workerData)]);
} else {
  const records = Array.from({ length: 20000 }, (_, id) => ({ id, n: rnd(1000), s: 'v'.repeat(rnd(80)) }));
  const text = JSON.stringify(records);
  console.log('json', text.length, digest(JSON.stringify(JSON.parse(text))));
  const packed = zlib.gzipSync(text, { level: 6 });
  console.log('zlib', zlib.gunzipSync(packed).toString() === text);
  const buffers = Array.from({ length: 2000 }, (_, i) => Buffer.alloc(i * 7, i));
  console.log('buffers', digest(Buffer.concat(buffers)));
  console.log('regex', text.match(/"n":(\d+)5,/g).length);
  const later = (i) => new Promise((done) => setImmediate(() => done(i * i)));
  const worker = (n) => new Promise((done, failed) =>
    new Worker(__filename, { workerData: n }).on('message', done).on('error', failed));
  (async () => {
    const squares = await Promise.all(Array.from({ length: 5000 }, (_, i) => later(i)));
    console.log('promises', squares.reduce((a, b) => a + b, 0));
    const results = await Promise.all([worker(3), worker(11)]);
    console.log('workers', JSON.stringify(results.sort((a, b) => a[0] - b[0])));
    console.error('done');
    process.exitCode = 5;
  })();
}
