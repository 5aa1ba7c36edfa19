// Transposed convolution (conv_transpose2d.wgsl says of what) where one invocation holds a block of pixels: neighbours
// need the same y, which is loaded once for all of them. All invocations of a workgroup need the same w, which the lanes
// of a subgroup load for each other. Lanes lie along samples (LANES_Y) or along blocks (LANES_P).
//
// Pixel t · STRIDE + residue of a row or column has the taps phase + j · STRIDE, phase = (residue + PADDING) % STRIDE,
// each of them from y at t + (residue + PADDING) / STRIDE − j. A block is BLOCK_Y x BLOCK_X such t.

override BATCH: u32;
override HEIGHT: i32;
override WIDTH_X: i32;
override IN: u32;
override OUT_HEIGHT: i32;
override OUT_WIDTH: i32;
override OUT: u32;
override COLUMN_BLOCKS: u32;
override PIXEL_BLOCKS: u32;
override BLOCKS: u32;
override FOLD: u32; // workgroups in x
override BLOCKS_X: u32; // of pixels, side by side

@compute @workgroup_size(${LANES_P * LANES_Y})
fn pixel_block(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
//# if SUBGROUP
  @builtin(subgroup_invocation_id) subgroup_lane: u32,
//# end
) {
//# if SUBGROUP
  let own = subgroup_lane % ${SUBGROUP}u; // which of SUBGROUP loads this lane does for all
//# end
  let block = group.x + group.y * FOLD;
//# if FOLDED
  if (block >= BLOCKS) {
    return;
  }
//# end
//# if NARROW
  // Few channels, as in an image: all residues at once, every tap unrolled.
  let spot = block;
//# else
  // Fours of channels, of one residue.
  let columns = IN / 4u;
  let column = block % COLUMN_BLOCKS * ${VECS}u;
  let residue = i32(block / COLUMN_BLOCKS % ${STRIDE * STRIDE}u);
  let spot = block / COLUMN_BLOCKS / ${STRIDE * STRIDE}u;
//# end
  let pixels = spot % PIXEL_BLOCKS * ${LANES_P}u + lane % ${LANES_P}u;
  let sample = spot / PIXEL_BLOCKS * ${LANES_Y}u + lane / ${LANES_P}u;
  let top = i32(pixels / BLOCKS_X * ${BLOCK_Y}u);
  let left = i32(pixels % BLOCKS_X * ${BLOCK_X}u);
  let image = sample * u32(OUT_HEIGHT * OUT_WIDTH) * (OUT / 4u);

//# if NARROW
  //# for t in 0..BLOCK_Y * BLOCK_X
    //# for r in 0..STRIDE * STRIDE
      //# for c in 0..CHANNELS
  var x${t}_${r}_${c} = 0.0;
      //# end
    //# end
  //# end
  //# for u in 0..BLOCK_Y + REACH_Y
  let oy${u} = top + ${u} + ${FIRST_Y};
    //# for v in 0..BLOCK_X + REACH_X
  let ox${u}_${v} = left + ${v} + ${FIRST_X};
  let inside${u}_${v} = oy${u} >= 0 && oy${u} < OUT_HEIGHT && ox${u}_${v} >= 0 && ox${u}_${v} < OUT_WIDTH;
  let at${u}_${v} = image + select(0u, u32(oy${u} * OUT_WIDTH + ox${u}_${v}) * (OUT / 4u), inside${u}_${v});
    //# end
  //# end
  let taps_apart = OUT / 4u * ${CHANNELS}u; // texels of w: four o of all channels are CHANNELS
  for (var o = 0u; o < OUT / 4u; o++) {
  //# for u in 0..BLOCK_Y + REACH_Y
    //# for v in 0..BLOCK_X + REACH_X
    let y${u}_${v} = select(vec4<f32>(), row_texel(at${u}_${v} + o), inside${u}_${v});
    //# end
  //# end
  //# if SUBGROUP
    //# for s in 0..(KERNEL_Y * KERNEL_X * CHANNELS + SUBGROUP - 1) / SUBGROUP
    let texel${s} = ${s * SUBGROUP}u + own;
    let shared${s} = column_texel(texel${s} / ${CHANNELS}u * taps_apart + o * ${CHANNELS}u + texel${s} % ${CHANNELS}u);
    //# end
  //# end
  //# for t in 0..KERNEL_Y * KERNEL_X * CHANNELS
    //# if SUBGROUP
    let w${t} = subgroupBroadcast(shared${t / SUBGROUP}, ${t % SUBGROUP}u);
    //# else
    let w${t} = column_texel(${t / CHANNELS}u * taps_apart + o * ${CHANNELS}u + ${t % CHANNELS}u);
    //# end
  //# end
  //# for ty in 0..BLOCK_Y
    //# for tx in 0..BLOCK_X
      //# for ry in 0..STRIDE
        //# for rx in 0..STRIDE
          //# for jy in 0..(KERNEL_Y - (ry + PADDING) % STRIDE + STRIDE - 1) / STRIDE
            //# for jx in 0..(KERNEL_X - (rx + PADDING) % STRIDE + STRIDE - 1) / STRIDE
              //# for c in 0..CHANNELS
                //# for i in 0..4
    x${ty * BLOCK_X + tx}_${ry * STRIDE + rx}_${c} = fma(
      y${ty + (ry + PADDING) / STRIDE - jy - FIRST_Y}_${tx + (rx + PADDING) / STRIDE - jx - FIRST_X}[${i}],
      w${(((ry + PADDING) % STRIDE + jy * STRIDE) * KERNEL_X + (rx + PADDING) % STRIDE + jx * STRIDE) * CHANNELS + (i * CHANNELS + c) / 4}[${(i * CHANNELS + c) % 4}],
      x${ty * BLOCK_X + tx}_${ry * STRIDE + rx}_${c},
    );
                //# end
              //# end
            //# end
          //# end
        //# end
      //# end
    //# end
  //# end
  }

  //# for ty in 0..BLOCK_Y
    //# for ry in 0..STRIDE
      //# for g in 0..BLOCK_X * STRIDE * CHANNELS / WIDTH
  {
    let iy = (top + ${ty}) * ${STRIDE} + ${ry};
    let along = u32(left * ${STRIDE}) * IN + ${g * WIDTH}u; // floats from the beginning of the row of pixels
    if (sample < BATCH && iy < HEIGHT && along < u32(WIDTH_X) * IN) {
      store(((sample * u32(HEIGHT) + u32(iy)) * u32(WIDTH_X) * IN + along) / ${WIDTH}u, T(
        //# for f in g * WIDTH..(g + 1) * WIDTH
        x${ty * BLOCK_X + f / (STRIDE * CHANNELS)}_${ry * STRIDE + f / CHANNELS % STRIDE}_${f % CHANNELS},
        //# end
      ));
    }
  }
      //# end
    //# end
  //# end
//# else
  let phase_y = (residue / ${STRIDE} + ${PADDING}) % ${STRIDE};
  let phase_x = (residue % ${STRIDE} + ${PADDING}) % ${STRIDE};
  let near_y = (residue / ${STRIDE} + ${PADDING}) / ${STRIDE} + top;
  let far_x = (residue % ${STRIDE} + ${PADDING}) / ${STRIDE} + left - ${TAPS_X - 1};
  //# for t in 0..BLOCK_Y * BLOCK_X
    //# for v in 0..VECS
  var x${t}_${v} = vec4<f32>();
    //# end
  //# end
  //# for u in 0..BLOCK_X + TAPS_X - 1
  let inside${u} = far_x + ${u} >= 0 && far_x + ${u} < OUT_WIDTH;
  //# end
  let taps_y = (${KERNEL_Y} - phase_y + ${STRIDE - 1}) / ${STRIDE};
  for (var jy = 0; jy < taps_y; jy++) {
    let ky = phase_y + jy * ${STRIDE};
  //# for t in 0..BLOCK_Y
    let oy${t} = near_y + ${t} - jy;
    //# for u in 0..BLOCK_X + TAPS_X - 1
    let inside${t}_${u} = inside${u} && oy${t} >= 0 && oy${t} < OUT_HEIGHT;
    let at${t}_${u} = image + select(0u, u32(oy${t} * OUT_WIDTH + far_x + ${u}) * (OUT / 4u), inside${t}_${u});
    //# end
  //# end
    for (var o = 0u; o < OUT; o += 4u) {
  //# for t in 0..BLOCK_Y
    //# for u in 0..BLOCK_X + TAPS_X - 1
      let y${t}_${u} = select(vec4<f32>(), row_texel(at${t}_${u} + o / 4u), inside${t}_${u});
    //# end
  //# end
  //# for j in 0..TAPS_X
      {
        let kx = phase_x + ${j} * ${STRIDE};
        let w_at = (u32(ky * ${KERNEL_X} + kx) * OUT + o) * columns + column;
    //# if SUBGROUP
      //# for s in 0..(4 * VECS + SUBGROUP - 1) / SUBGROUP
        let texel${s} = ${s * SUBGROUP}u + own;
        let shared${s} = column_texel(w_at + texel${s} / ${VECS}u * columns + texel${s} % ${VECS}u);
      //# end
    //# end
    //# for i in 0..4
      //# for v in 0..VECS
        //# if SUBGROUP
        let w${i}_${v} = subgroupBroadcast(shared${(i * VECS + v) / SUBGROUP}, ${(i * VECS + v) % SUBGROUP}u);
        //# else
        let w${i}_${v} = column_texel(w_at + ${i}u * columns + ${v}u);
        //# end
      //# end
    //# end
    //# if KERNEL_X % STRIDE
        if (kx < ${KERNEL_X}) {
    //# end
    //# for ty in 0..BLOCK_Y
      //# for tx in 0..BLOCK_X
        //# for v in 0..VECS
          //# for i in 0..4
          x${ty * BLOCK_X + tx}_${v} = fma(vec4<f32>(y${ty}_${tx - j + TAPS_X - 1}[${i}]), w${i}_${v}, x${ty * BLOCK_X + tx}_${v});
          //# end
        //# end
      //# end
    //# end
    //# if KERNEL_X % STRIDE
        }
    //# end
      }
  //# end
    }
  }

  //# for ty in 0..BLOCK_Y
    //# for tx in 0..BLOCK_X
  {
    let iy = (top + ${ty}) * ${STRIDE} + residue / ${STRIDE};
    let ix = (left + ${tx}) * ${STRIDE} + residue % ${STRIDE};
    if (sample < BATCH && iy < HEIGHT && ix < WIDTH_X) {
      let at = ((sample * u32(HEIGHT) + u32(iy)) * u32(WIDTH_X) + u32(ix)) * columns + column;
      //# for v in 0..VECS
      store(at + ${v}u, x${ty * BLOCK_X + tx}_${v});
      //# end
    }
  }
    //# end
  //# end
//# end
}
