// Rows of tables by index; COLUMNS elements a row, one result element an invocation.
//   gather:        y[i, c] = table[index[i], c]                          table of 32-bit elements [rows, columns], read as bits
//   gather_bytes:  y[i, c] = byte c % 4 of word table[index[i], c / 4]   table u32 [rows, columns / 4], lowest byte first

@group(0) @binding(0) var<storage, read> table: array<u32>;
@group(0) @binding(1) var<storage, read> index: array<u32>;

override SIZE: u32;
override ROWS: u32; // of the table; its buffer may be longer
override COLUMNS: u32;
override WORKGROUP: u32;
override STRIDE: u32; // invocations in a row of workgroups

@compute @workgroup_size(WORKGROUP)
fn gather(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * STRIDE + id.x;
  if (i >= SIZE) { return; }
  let row = min(index[i / COLUMNS], ROWS - 1u);
  store(i, bitcast<T>(table[row * COLUMNS + i % COLUMNS]));
}

@compute @workgroup_size(WORKGROUP)
fn gather_bytes(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * STRIDE + id.x;
  if (i >= SIZE) { return; }
  let words = COLUMNS / 4u;
  let row = min(index[i / COLUMNS], ROWS - 1u);
  let c = i % COLUMNS;
  store(i, T((table[row * words + c / 4u] >> (8u * (c % 4u))) & 255u)); // T is f32
}
