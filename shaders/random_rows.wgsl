// Random numbers with a key for every row; goes behind random.wgsl, which holds Philox.
// key [rows, 4]; y [rows, 4 ROW_GROUPS], row r is what random.wgsl draws with key[r]: counter (group in the row, stream, ...).

override ROW_GROUPS: u32; // groups of four numbers in a row

fn row_bits(i: u32) -> vec4u {
  let row = 4u * (i / ROW_GROUPS);
  return philox(vec4u(i % ROW_GROUPS, STREAM, key[row + 2u], key[row + 3u]), vec2u(key[row], key[row + 1u]));
}

@compute @workgroup_size(WORKGROUP)
fn uniform_rows(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * STRIDE + id.x;
  if (i >= GROUPS) { return; }
  store(i, vec4f(row_bits(i) >> vec4u(8u)) * 0x1p-24);
}

@compute @workgroup_size(WORKGROUP)
fn normal_rows(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * STRIDE + id.x;
  if (i >= GROUPS) { return; }
  let u = (vec4f(row_bits(i) >> vec4u(8u)) + vec4f(1.0, 0.0, 1.0, 0.0)) * 0x1p-24;
  let radius = sqrt(-2.0 * log(u.xz));
  let angle = 6.283185307179586 * u.yw;
  store(i, vec4f(radius.x * cos(angle.x), radius.x * sin(angle.x), radius.y * cos(angle.y), radius.y * sin(angle.y)));
}
