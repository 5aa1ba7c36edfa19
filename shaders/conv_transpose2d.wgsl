// Transposed convolution, the adjoint of conv2d in x:
//
//   x[n, iy, ix, c] = Σ y[n, oy, ox, o] w[ky, kx, c, o]   over   iy = oy · STRIDE − PADDING + ky,  ix likewise
//
// y [BATCH, OUT_HEIGHT, OUT_WIDTH, OUT]; w stored as [KERNEL_Y, KERNEL_X, OUT, IN]; x [BATCH, HEIGHT, WIDTH_X, IN].
//
// With iy + PADDING = q · STRIDE + phase, the taps that reach iy are ky = phase + j · STRIDE from oy = q − j: the loops
// visit just those, no product is with a zero. Rows and lanes are those of conv2d.

override BATCH: u32;
override HEIGHT: i32;
override WIDTH_X: i32;
override IN: u32;
override OUT_HEIGHT: i32;
override OUT_WIDTH: i32;
override OUT: u32;
override KERNEL_Y: i32;
override KERNEL_X: i32;
override STRIDE: i32;
override PADDING: i32;
override COLUMN_BLOCKS: u32;
override PIXEL_BLOCKS: u32;
override BLOCKS: u32;
override FOLD: u32; // workgroups in x

@compute @workgroup_size(${LANES_X * LANES_P * LANES_Y})
fn row_block(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let block = group.x + group.y * FOLD;
//# if FOLDED
  if (block >= BLOCKS) {
    return;
  }
//# end
  let columns = IN / ${WIDTH}u;
  let column = block % COLUMN_BLOCKS * ${LANES_X * VECS}u + lane % ${LANES_X}u;
  let pixels = u32(HEIGHT * WIDTH_X);
  let pixel = block / COLUMN_BLOCKS % PIXEL_BLOCKS * ${LANES_P}u + lane / ${LANES_X}u % ${LANES_P}u;
  let sample = (block / COLUMN_BLOCKS / PIXEL_BLOCKS * ${LANES_Y}u + lane / ${LANES_X * LANES_P}u) * ${ROWS}u;
  let top = i32(pixel) / WIDTH_X + PADDING; // not negative, as is left
  let left = i32(pixel) % WIDTH_X + PADDING;
  let image = u32(OUT_HEIGHT * OUT_WIDTH) * OUT / ${STEP}u;

//# for r in 0..ROWS
  //# for v in 0..VECS
  var c${r}_${v} = T();
  //# end
//# end
  // j counts the taps of a phase; those of one jy, with their channels, are one run over increasing ox.
  let from_y = max(0, top / STRIDE - OUT_HEIGHT + 1);
  let to_y = min(top / STRIDE + 1, (KERNEL_Y - top % STRIDE + STRIDE - 1) / STRIDE);
  let from_x = max(0, left / STRIDE - OUT_WIDTH + 1);
  let to_x = min(left / STRIDE + 1, (KERNEL_X - left % STRIDE + STRIDE - 1) / STRIDE);
  let run = u32(max(to_x - from_x, 0)) * OUT;
  for (var jy = from_y; jy < to_y; jy++) {
    let y_run = sample * image + u32((top / STRIDE - jy) * OUT_WIDTH + left / STRIDE - to_x + 1) * (OUT / ${STEP}u);
    let last_tap = u32((top % STRIDE + jy * STRIDE) * KERNEL_X + left % STRIDE + (to_x - 1) * STRIDE);
    for (var i = 0u; i < run; i += ${STEP}u) {
      let w_at = ((last_tap - i / OUT * u32(STRIDE)) * OUT + i % OUT) * columns + column;
//# for i in 0..STEP
  //# for v in 0..VECS
      let b${i}_${v} = column_group(w_at + ${i}u * columns + ${v * LANES_X}u);
  //# end
//# end
//# for r in 0..ROWS
  //# if STEP == 4
      let a${r} = row_texel(y_run + ${r}u * image + i / 4u);
  //# else
      let a${r} = vec4<f32>(row_float(y_run + ${r}u * image + i));
  //# end
  //# for v in 0..VECS
    //# for i in 0..STEP
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
