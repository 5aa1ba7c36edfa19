// Matrix product over consecutive ranges of k:
//
//   C[s, b, i, j] = Σ_k A[b, i, k] B[b, k, j],   k from s · SPLIT to (s + 1) · SPLIT − 1
//
// A [BATCHES, M, K], or [BATCHES, K, M] where TRANSPOSED; B [BATCHES, K, N]; C [SPLITS, BATCHES, M, N].
//
// One invocation holds ROWS x VECS groups of WIDTH results in registers; LANES_X lanes lie along columns, LANES_Y along
// rows. A texel of A is four k of one row (VECTOR_ROWS, not TRANSPOSED) or four rows of one k (TRANSPOSED).

override BATCHES: u32;
override M: u32;
override N: u32;
override K: u32;
override SPLIT: u32;

//# if TILED
@group(0) @binding(0) var<storage, read> rows: array<f32>;
@group(0) @binding(1) var<storage, read> columns: array<T>;

// z = s · BATCHES + b; k counts within the range.
fn row_value(z: u32, i: u32, k: u32) -> f32 {
  let at = z / BATCHES * SPLIT + k;
  if (at >= K) {
    return 0.0;
  }
//# if TRANSPOSED
  return rows[(z % BATCHES * K + at) * M + i];
//# else
  return rows[(z % BATCHES * M + i) * K + at];
//# end
}

fn column_value(z: u32, k: u32, j: u32) -> T {
  let at = z / BATCHES * SPLIT + k;
  if (at >= K) {
    return T();
  }
  return columns[((z % BATCHES * K + at) * N + j) / ${WIDTH}u];
}

fn put(z: u32, i: u32, j: u32, value: T) {
  store(((z * M + i) * N + j) / ${WIDTH}u, value);
}
//# else
override COLUMN_BLOCKS: u32;
override ROW_BLOCKS: u32;
override BLOCKS: u32;
override FOLD: u32; // workgroups in x

@compute @workgroup_size(${LANES_X * LANES_Y})
fn row_block(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
//# if SHARED_LOADS
  @builtin(subgroup_invocation_id) subgroup_lane: u32,
//# end
) {
//# if SHARED_LOADS
  let own = subgroup_lane % ${SUBGROUP}u; // which of SUBGROUP loads this lane does for all
//# end
  let block = group.x + group.y * FOLD;
//# if FOLDED
  if (block >= BLOCKS) {
    return;
  }
//# end
  let columns = N / ${WIDTH}u;
  let column = block % COLUMN_BLOCKS * ${LANES_X * VECS}u + lane % ${LANES_X}u;
  let row = (block / COLUMN_BLOCKS % ROW_BLOCKS * ${LANES_Y}u + lane / ${LANES_X}u) * ${ROWS}u;
  let batch = block / COLUMN_BLOCKS / ROW_BLOCKS % BATCHES;
  let split = block / COLUMN_BLOCKS / ROW_BLOCKS / BATCHES;

//# for r in 0..ROWS
  //# for v in 0..VECS
  var c${r}_${v} = T();
  //# end
//# end
  for (var k = split * SPLIT; k < min(split * SPLIT + SPLIT, K); k += ${STEP}u) {
//# for i in 0..STEP
  //# for v in 0..VECS
    let b${i}_${v} = column_group((batch * K + k + ${i}u) * columns + column + ${v * LANES_X}u);
  //# end
//# end
//# if TRANSPOSED
  //# for s in 0..SHARED_LOADS
    let load${s} = ${s * SUBGROUP}u + own;
    let shared${s} = row_texel((batch * K + k + load${s} % ${STEP}u) * (M / 4u) + row / 4u + load${s} / ${STEP}u);
  //# end
  //# for q in 0..ROWS / 4
    //# for i in 0..STEP
      //# if SHARED_LOADS
    let a${q}_${i} = subgroupBroadcast(shared${(q * STEP + i) / SUBGROUP}, ${(q * STEP + i) % SUBGROUP}u);
      //# else if VECTOR_ROWS
    let a${q}_${i} = row_texel((batch * K + k + ${i}u) * (M / 4u) + row / 4u + ${q}u);
      //# else
    let at${q}_${i} = (batch * K + k + ${i}u) * M + row + ${q * 4}u;
    let a${q}_${i} = vec4<f32>(row_float(at${q}_${i}), row_float(at${q}_${i} + 1u), row_float(at${q}_${i} + 2u), row_float(at${q}_${i} + 3u));
      //# end
    //# end
    //# for r in 4 * q..4 * q + 4
      //# for v in 0..VECS
        //# for i in 0..STEP
    c${r}_${v} = fma(T(a${q}_${i}[${r % 4}]), b${i}_${v}, c${r}_${v});
        //# end
      //# end
    //# end
  //# end
//# else
  //# for q in 0..SHARED_LOADS
    let shared${q} = row_texel((batch * M + row + ${q * SUBGROUP}u + own) * (K / 4u) + k / 4u);
  //# end
  //# for r in 0..ROWS
    //# if SHARED_LOADS
    let a${r} = subgroupBroadcast(shared${r / SUBGROUP}, ${r % SUBGROUP}u);
    //# else if VECTOR_ROWS
    let a${r} = row_texel((batch * M + row + ${r}u) * (K / 4u) + k / 4u);
    //# else
    let a${r} = vec4<f32>(row_float((batch * M + row + ${r}u) * K + k));
    //# end
    //# for v in 0..VECS
      //# for i in 0..STEP
    c${r}_${v} = fma(T(a${r}[${i}]), b${i}_${v}, c${r}_${v});
      //# end
    //# end
  //# end
//# end
  }

  let first = ((split * BATCHES + batch) * M + row) * columns + column;
//# for v in 0..VECS
  if (column + ${v * LANES_X}u < columns) {
  //# for r in 0..ROWS
    if (row + ${r}u < M) {
      store(first + ${r}u * columns + ${v * LANES_X}u, c${r}_${v});
    }
  //# end
  }
//# end
}
//# end
