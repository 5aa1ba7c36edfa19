
// The same product through workgroup memory, for real GPUs: 16 x 16 invocations, each ROWS x 4 · VECS results. What the
// operands are, and where a result goes, say `row_value(z, i, k)`, `column_value(z, k, j)` of WIDTH neighbouring columns,
// and `put(z, i, j, value)`.
//
// Invocations load along the depth, which lies side by side in memory as a rule, and store across it: row `i` at depth
// `k` is at i ^ k, so that the 16 of one row go to 16 different banks.

override TILED_ROWS: u32;
override TILED_COLUMNS: u32;
override TILED_DEPTH: u32;
override ROW_BLOCKS: u32;
override COLUMN_BLOCKS: u32;
override BLOCKS: u32;
override FOLD: u32; // workgroups in x

var<workgroup> row_tile: array<f32, ${16 * 16 * ROWS}>; // [16 depths, 16 · ROWS]
var<workgroup> column_tile: array<vec4<f32>, ${16 * 16 * VECS}>; // [16 depths, 16 · VECS fours]

@compute @workgroup_size(256)
fn tiled(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let block = group.x + group.y * FOLD;
//# if FOLDED
  if (block >= BLOCKS) {
    return;
  }
//# end
  let first_column = block % COLUMN_BLOCKS * ${64 * VECS}u;
  let first_row = block / COLUMN_BLOCKS % ROW_BLOCKS * ${16 * ROWS}u;
  let z = block / COLUMN_BLOCKS / ROW_BLOCKS;
  let x = lane % 16u;
  let y = lane / 16u;

//# for r in 0..ROWS
  //# for v in 0..VECS
  var c${r}_${v} = vec4<f32>();
  //# end
//# end
  for (var k = 0u; k < TILED_DEPTH; k += 16u) {
//# for i in 0..ROWS
    {
      let at = lane + ${256 * i}u;
      let row = first_row + at / 16u;
      let depth = k + at % 16u;
      var value = 0.0;
      if (row < TILED_ROWS && depth < TILED_DEPTH) {
        value = row_value(z, row, depth);
      }
      row_tile[at % 16u * ${16 * ROWS}u + ((at / 16u) ^ (at % 16u))] = value;
    }
//# end
//# for i in 0..VECS
    {
      let at = lane + ${256 * i}u;
      let column = first_column + at % ${16 * VECS}u * 4u;
      let depth = k + at / ${16 * VECS}u;
      var value = vec4<f32>();
  //# if WIDTH == 4
      if (column < TILED_COLUMNS && depth < TILED_DEPTH) {
        value = column_value(z, depth, column);
      }
  //# else
    //# for c in 0..4
      if (column + ${c}u < TILED_COLUMNS && depth < TILED_DEPTH) {
        value[${c}] = column_value(z, depth, column + ${c}u);
      }
    //# end
  //# end
      column_tile[at] = value;
    }
//# end
    workgroupBarrier();
    for (var i = 0u; i < 16u; i++) {
//# for v in 0..VECS
      let b${v} = column_tile[i * ${16 * VECS}u + ${16 * v}u + x];
//# end
//# for r in 0..ROWS
      let a${r} = vec4<f32>(row_tile[i * ${16 * ROWS}u + ${16 * r}u + (y ^ i)]);
  //# for v in 0..VECS
      c${r}_${v} = fma(a${r}, b${v}, c${r}_${v});
  //# end
//# end
    }
    workgroupBarrier();
  }

//# for r in 0..ROWS
  //# for v in 0..VECS
    //# if WIDTH == 4
  if (first_row + ${16 * r}u + y < TILED_ROWS && first_column + ${64 * v}u + x * 4u < TILED_COLUMNS) {
    put(z, first_row + ${16 * r}u + y, first_column + ${64 * v}u + x * 4u, c${r}_${v});
  }
    //# else
      //# for i in 0..4
  if (first_row + ${16 * r}u + y < TILED_ROWS && first_column + ${64 * v + i}u + x * 4u < TILED_COLUMNS) {
    put(z, first_row + ${16 * r}u + y, first_column + ${64 * v + i}u + x * 4u, c${r}_${v}[${i}]);
  }
      //# end
    //# end
  //# end
//# end
}
