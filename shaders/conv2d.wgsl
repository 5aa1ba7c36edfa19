// Convolution, as a product of [samples] x [taps and channels] by [taps and channels] x [output channels]:
//
//   y[n, oy, ox, o] = Σ x[n, oy · STRIDE − PADDING + ky, ox · STRIDE − PADDING + kx, c] w[ky, kx, c, o]
//
// x [BATCH, HEIGHT, WIDTH_X, IN]; w [KERNEL_Y, KERNEL_X, IN, OUT]; y [BATCH, OUT_HEIGHT, OUT_WIDTH, OUT].
//
// The rows of an invocation are samples at one pixel: they have the same taps inside the image, and the loops visit just
// those. Its lanes are LANES_X columns x LANES_P pixels x LANES_Y groups of samples. The taps of one ky and their channels lie side by side in x and in w: one
// run. (A further loop over channels costs: llvmpipe copies all registers at every loop.) Four elements of
// the run at a time; they are a texel of x where IN allows (ALIGNED).

override BATCH: u32;
override HEIGHT: i32;
override WIDTH_X: i32;
override IN: u32;
override OUT_HEIGHT: u32;
override OUT_WIDTH: u32;
override OUT: u32;
override KERNEL_Y: i32;
override KERNEL_X: i32;
override STRIDE: i32;
override PADDING: i32;

//# if TILED
@group(0) @binding(0) var<storage, read> rows: array<f32>;
@group(0) @binding(1) var<storage, read> columns: array<T>;

// i counts pixels of y, k taps and channels.
fn row_value(z: u32, i: u32, k: u32) -> f32 {
  let tap = i32(k / IN);
  let iy = i32(i / OUT_WIDTH % OUT_HEIGHT) * STRIDE - PADDING + tap / KERNEL_X;
  let ix = i32(i % OUT_WIDTH) * STRIDE - PADDING + tap % KERNEL_X;
  if (iy < 0 || iy >= HEIGHT || ix < 0 || ix >= WIDTH_X) {
    return 0.0;
  }
  let sample = i / (OUT_HEIGHT * OUT_WIDTH);
  return rows[((sample * u32(HEIGHT) + u32(iy)) * u32(WIDTH_X) + u32(ix)) * IN + k % IN];
}

fn column_value(z: u32, k: u32, j: u32) -> T {
  return columns[(k * OUT + j) / ${WIDTH}u];
}

fn put(z: u32, i: u32, j: u32, value: T) {
  store((i * OUT + j) / ${WIDTH}u, value);
}
//# else
override COLUMN_BLOCKS: u32;
override PIXEL_BLOCKS: u32;
override BLOCKS: u32;
override FOLD: u32; // workgroups in x

@compute @workgroup_size(${LANES_X * LANES_P * LANES_Y})
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
  let pixels = OUT_HEIGHT * OUT_WIDTH;
  let columns = OUT / ${WIDTH}u;
  let column = block % COLUMN_BLOCKS * ${LANES_X * VECS}u + lane % ${LANES_X}u;
  let pixel = block / COLUMN_BLOCKS % PIXEL_BLOCKS * ${LANES_P}u + lane / ${LANES_X}u % ${LANES_P}u;
  let sample = (block / COLUMN_BLOCKS / PIXEL_BLOCKS * ${LANES_Y}u + lane / ${LANES_X * LANES_P}u) * ${ROWS}u;
  let top = i32(pixel / OUT_WIDTH) * STRIDE - PADDING;
  let left = i32(pixel % OUT_WIDTH) * STRIDE - PADDING;
  let image = u32(HEIGHT * WIDTH_X) * IN;

//# for r in 0..ROWS
  //# for v in 0..VECS
  var c${r}_${v} = T();
  //# end
//# end
  let from_x = max(0, -left);
  let run = u32(max(min(KERNEL_X, WIDTH_X - left) - from_x, 0)) * IN; // 0 where all taps are in the padding
  for (var ky = max(0, -top); ky < min(KERNEL_Y, HEIGHT - top); ky++) {
    let x_run = sample * image + u32((top + ky) * WIDTH_X + left + from_x) * IN;
    let w_run = u32(ky * KERNEL_X + from_x) * IN * columns + column;
    for (var i = 0u; i < run; i += 4u) {
//# if ALIGNED == 0
      // Behind the run lies another one, or what a larger operand left in the texture: no factor may be that, since
      // NaN times 0 is NaN.
      let inside = vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(run - i);
//# end
//# for i in 0..4
  //# for v in 0..VECS
    //# if ALIGNED || i == 0
      let b${i}_${v} = column_group(w_run + (i + ${i}u) * columns + ${v * LANES_X}u);
    //# else
      let b${i}_${v} = select(T(), column_group(w_run + (i + ${i}u) * columns + ${v * LANES_X}u), inside[${i}]);
    //# end
  //# end
//# end
//# for q in 0..SHARED_LOADS
      let shared${q}_at = x_run + (${q * SUBGROUP}u + own) * image + i;
  //# if ALIGNED
      let shared${q} = row_texel(shared${q}_at / 4u);
  //# else
      let shared${q} = select(vec4<f32>(), row_floats(shared${q}_at), inside);
  //# end
//# end
//# for r in 0..ROWS
  //# if SHARED_LOADS
      let a${r} = subgroupBroadcast(shared${r / SUBGROUP}, ${r % SUBGROUP}u);
  //# else if ALIGNED
      let a${r} = row_texel((x_run + ${r}u * image + i) / 4u);
  //# else
      let a${r} = select(vec4<f32>(), row_floats(x_run + ${r}u * image + i), inside);
  //# end
  //# for v in 0..VECS
    //# for i in 0..4
      c${r}_${v} = fma(T(a${r}[${i}]), b${i}_${v}, c${r}_${v});
    //# end
  //# end
//# end
    }
  }

  let result = pixels * columns;
  let first = sample * result + pixel * columns + column;
//# for v in 0..VECS
  if (pixel < pixels && column + ${v * LANES_X}u < columns) {
  //# for r in 0..ROWS
    if (sample + ${r}u < BATCH) {
      store(first + ${r}u * result + ${v * LANES_X}u, c${r}_${v});
    }
  //# end
  }
//# end
}
//# end
