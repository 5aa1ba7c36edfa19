// One-hot rows: y[i, c] = 1 where index[i] = c, else 0; COLUMNS elements a row, one result element an invocation.

@group(0) @binding(0) var<storage, read> index: array<u32>;

override SIZE: u32;
override COLUMNS: u32; // classes
override WORKGROUP: u32;
override STRIDE: u32; // invocations in a row of workgroups

@compute @workgroup_size(WORKGROUP)
fn one_hot(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * STRIDE + id.x;
  if (i >= SIZE) { return; }
  store(i, select(0.0, 1.0, index[i / COLUMNS] == i % COLUMNS));
}
