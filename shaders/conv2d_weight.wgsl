// Gradient of conv2d in its weights, a product of [taps and channels] x [pixels] by [pixels] x [output channels]:
//
//   dw[s, ky, kx, c, o] = Σ x[n, oy · STRIDE − PADDING + ky, ox · STRIDE − PADDING + kx, c] dy[n, oy, ox, o]
//
// over the pixels (n, oy, ox) number s · SPLIT to (s + 1) · SPLIT − 1.
// x [BATCH, HEIGHT, WIDTH_X, IN]; dy [BATCH, OUT_HEIGHT, OUT_WIDTH, OUT]; dw [SPLITS, KERNEL_Y, KERNEL_X, IN, OUT].
//
// The rows of one ky, taps and channels, lie side by side in x. They come in fours where KERNEL_X · IN allows (GROUP 4;
// a texel of x where IN allows, ALIGNED), else one by one; STEP pixels are taken at a time. Their coordinates are divisions by constants, cheaper than a second loop.

override BATCH: u32;
override HEIGHT: i32;
override WIDTH_X: i32;
override IN: u32;
override OUT_HEIGHT: u32;
override OUT_WIDTH: u32;
override OUT: u32;
override KERNEL_Y: u32;
override KERNEL_X: u32;
override STRIDE: i32;
override PADDING: i32;
override SPLIT: u32;

//# if TILED
@group(0) @binding(0) var<storage, read> rows: array<f32>;
@group(0) @binding(1) var<storage, read> columns: array<T>;

// z = s; i counts taps and channels, k pixels of the range.
fn row_value(z: u32, i: u32, k: u32) -> f32 {
  let pixel = z * SPLIT + k;
  let tap = i / IN;
  let iy = i32(pixel / OUT_WIDTH % OUT_HEIGHT) * STRIDE - PADDING + i32(tap / KERNEL_X);
  let ix = i32(pixel % OUT_WIDTH) * STRIDE - PADDING + i32(tap % KERNEL_X);
  let sample = pixel / (OUT_HEIGHT * OUT_WIDTH);
  if (sample >= BATCH || iy < 0 || iy >= HEIGHT || ix < 0 || ix >= WIDTH_X) {
    return 0.0;
  }
  return rows[((sample * u32(HEIGHT) + u32(iy)) * u32(WIDTH_X) + u32(ix)) * IN + i % IN];
}

fn column_value(z: u32, k: u32, j: u32) -> T {
  let pixel = z * SPLIT + k;
  if (pixel >= BATCH * OUT_HEIGHT * OUT_WIDTH) {
    return T();
  }
  return columns[(pixel * OUT + j) / ${WIDTH}u];
}

fn put(z: u32, i: u32, j: u32, value: T) {
  store(((z * KERNEL_Y * KERNEL_X * IN + i) * OUT + j) / ${WIDTH}u, value);
}
//# else
override COLUMN_BLOCKS: u32;
override ROW_BLOCKS: u32;
override BLOCKS: u32;
override FOLD: u32; // workgroups in x

// Row `row` of the result is x at a tap and channel; at `pixel` it and its group read these floats, 0 outside the image.
fn x_at(row: u32, pixel: u32) -> vec4<f32> {
  let line = KERNEL_X * IN;
  let iy = i32(pixel / OUT_WIDTH % OUT_HEIGHT) * STRIDE - PADDING + i32(row / line);
  let x = (i32(pixel % OUT_WIDTH) * STRIDE - PADDING) * i32(IN) + i32(row % line);
  let inside_y = iy >= 0 && iy < HEIGHT;
  let sample = i32(pixel / (OUT_HEIGHT * OUT_WIDTH));
  let at = (sample * HEIGHT + iy) * WIDTH_X * i32(IN) + x;
//# if GROUP == 4 && ALIGNED
  let inside = inside_y && x >= 0 && x < WIDTH_X * i32(IN);
  return select(vec4<f32>(), row_texel(u32(select(0, at / 4, inside))), inside);
//# else if GROUP == 4
  // The four may begin before the first float of x: then they are those from 0 on, moved up.
  let floats = row_floats(u32(max(at, 0)));
  let xs = vec4<i32>(x) + vec4<i32>(0, 1, 2, 3);
  let inside = vec4<bool>(inside_y) & (xs >= vec4<i32>()) & (xs < vec4<i32>(WIDTH_X * i32(IN)));
  let one = select(floats, vec4<f32>(0.0, floats.xyz), at < 0);
  let two = select(one, vec4<f32>(0.0, 0.0, floats.xy), at < -1);
  let three = select(two, vec4<f32>(0.0, 0.0, 0.0, floats.x), at < -2);
  return select(vec4<f32>(), three, inside);
//# else
  let inside = inside_y && x >= 0 && x < WIDTH_X * i32(IN);
  return vec4<f32>(select(0.0, row_float(u32(select(0, at, inside))), inside));
//# end
}

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
  let columns = OUT / ${WIDTH}u;
  let column = block % COLUMN_BLOCKS * ${LANES_X * VECS}u + lane % ${LANES_X}u;
  let row = (block / COLUMN_BLOCKS % ROW_BLOCKS * ${LANES_Y}u + lane / ${LANES_X}u) * ${ROWS}u;
  let split = block / COLUMN_BLOCKS / ROW_BLOCKS;

//# for r in 0..ROWS
  //# for v in 0..VECS
  var c${r}_${v} = T();
  //# end
//# end
  let pixels = BATCH * OUT_HEIGHT * OUT_WIDTH;
  for (var pixel = split * SPLIT; pixel < min(split * SPLIT + SPLIT, pixels); pixel += ${STEP}u) {
//# for i in 0..STEP
  //# for v in 0..VECS
    let b${i}_${v} = column_group((pixel + ${i}u) * columns + column + ${v * LANES_X}u);
  //# end
//# end
//# for s in 0..SHARED_LOADS
    let load${s} = ${s * SUBGROUP}u + own;
    let shared${s} = x_at(row + load${s} / ${STEP}u * ${GROUP}u, pixel + load${s} % ${STEP}u);
//# end
//# for q in 0..ROWS / GROUP
  //# for i in 0..STEP
    //# if SHARED_LOADS
    let a${q}_${i} = subgroupBroadcast(shared${(q * STEP + i) / SUBGROUP}, ${(q * STEP + i) % SUBGROUP}u);
    //# else
    let a${q}_${i} = x_at(row + ${q * GROUP}u, pixel + ${i}u);
    //# end
  //# end
  //# for r in q * GROUP..q * GROUP + GROUP
    //# for v in 0..VECS
      //# for i in 0..STEP
    c${r}_${v} = fma(T(a${q}_${i}[${r % GROUP}]), b${i}_${v}, c${r}_${v});
      //# end
    //# end
  //# end
//# end
  }

  let rows = KERNEL_Y * KERNEL_X * IN;
  let first = (split * rows + row) * columns + column;
//# for v in 0..VECS
  if (column + ${v * LANES_X}u < columns) {
  //# for r in 0..ROWS
    if (row + ${r}u < rows) {
      store(first + ${r}u * columns + ${v * LANES_X}u, c${r}_${v});
    }
  //# end
  }
//# end
}
//# end
