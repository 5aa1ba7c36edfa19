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

//# if TILED
@group(0) @binding(0) var<storage, read> rows: array<f32>;
@group(0) @binding(1) var<storage, read> columns: array<T>;

override BLOCK_HEIGHT: u32; // q from 0 to BLOCK_HEIGHT − 1
override BLOCK_WIDTH: u32;
override TAPS_X: u32; // most taps of a phase along x

// z = phase of y · STRIDE + phase of x; i counts samples and q; k taps of the phase and channels.
fn row_value(z: u32, i: u32, k: u32) -> f32 {
  let tap = k / OUT;
  let oy = i32(i / BLOCK_WIDTH % BLOCK_HEIGHT) - i32(tap / TAPS_X);
  let ox = i32(i % BLOCK_WIDTH) - i32(tap % TAPS_X);
  if (oy < 0 || oy >= OUT_HEIGHT || ox < 0 || ox >= OUT_WIDTH) {
    return 0.0;
  }
  let sample = i / (BLOCK_HEIGHT * BLOCK_WIDTH);
  return rows[((sample * u32(OUT_HEIGHT) + u32(oy)) * u32(OUT_WIDTH) + u32(ox)) * OUT + k % OUT];
}

fn column_value(z: u32, k: u32, j: u32) -> T {
  let tap = k / OUT;
  let ky = i32(z) / STRIDE + i32(tap / TAPS_X) * STRIDE;
  let kx = i32(z) % STRIDE + i32(tap % TAPS_X) * STRIDE;
  if (ky >= KERNEL_Y || kx >= KERNEL_X) {
    return T();
  }
  return columns[((u32(ky * KERNEL_X + kx) * OUT + k % OUT) * IN + j) / ${WIDTH}u];
}

fn put(z: u32, i: u32, j: u32, value: T) {
  let iy = i32(i / BLOCK_WIDTH % BLOCK_HEIGHT) * STRIDE + i32(z) / STRIDE - PADDING;
  let ix = i32(i % BLOCK_WIDTH) * STRIDE + i32(z) % STRIDE - PADDING;
  if (iy < 0 || iy >= HEIGHT || ix < 0 || ix >= WIDTH_X) {
    return;
  }
  let sample = i / (BLOCK_HEIGHT * BLOCK_WIDTH);
  store((((sample * u32(HEIGHT) + u32(iy)) * u32(WIDTH_X) + u32(ix)) * IN + j) / ${WIDTH}u, value);
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
//# for q in 0..SHARED_LOADS
      let shared${q} = row_texel(y_run + (${q * SUBGROUP}u + own) * image + i / 4u);
//# end
//# for r in 0..ROWS
  //# if SHARED_LOADS
      let a${r} = subgroupBroadcast(shared${r / SUBGROUP}, ${r % SUBGROUP}u);
  //# else if STEP == 4
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
//# end
