// Both operands of a heavy kernel: `row` (activations) at binding 0, `column` (weights) at binding 1, as textures for
// CPUs, as buffers for GPUs.
//
// llvmpipe runs a load from a buffer as a loop over the lanes, about 250 instructions for a vec4 even where all lanes
// read the same address; textureLoad from a sampled texture calls a function of 170; from a storage texture it is
// straight-line vector code of 60. Float i of the operand is component i % 4 of texel i / 4 behind ROW_BASE or COLUMN_BASE.

//# if TEXTURES
@group(0) @binding(0) var row_texture: texture_storage_2d<rgba32float, read>;
@group(0) @binding(1) var column_texture: texture_storage_2d<rgba32float, read>;

fn row_texel(index: u32) -> vec4<f32> {
  return textureLoad(row_texture, vec2<u32>((index + ${ROW_BASE}u) % ${PITCH}u, (index + ${ROW_BASE}u) / ${PITCH}u));
}

fn column_texel(index: u32) -> vec4<f32> {
  return textureLoad(column_texture, vec2<u32>((index + ${COLUMN_BASE}u) % ${PITCH}u, (index + ${COLUMN_BASE}u) / ${PITCH}u));
}
//# else
@group(0) @binding(0) var<storage, read> row_buffer: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> column_buffer: array<vec4<f32>>;

fn row_texel(index: u32) -> vec4<f32> {
  return row_buffer[index];
}

fn column_texel(index: u32) -> vec4<f32> {
  return column_buffer[index];
}
//# end

fn component(texel: vec4<f32>, index: u32) -> f32 {
  let pair = select(texel.xy, texel.zw, (index & 2u) != 0u);
  return select(pair.x, pair.y, (index & 1u) != 0u);
}

fn row_float(index: u32) -> f32 {
  return component(row_texel(index / 4u), index);
}

// Four floats from any index on, not just a multiple of 4.
fn row_floats(index: u32) -> vec4<f32> {
  let low = row_texel(index / 4u);
  let high = row_texel(index / 4u + 1u);
  let odd = (index & 1u) != 0u;
  let by_two = (index & 2u) != 0u;
  let a = select(low, vec4<f32>(low.zw, high.xy), by_two);
  let b = select(high.xy, high.zw, by_two);
  return select(a, vec4<f32>(a.yzw, b.x), odd);
}

// WIDTH neighbouring columns, counted in groups of WIDTH.
fn column_group(index: u32) -> T {
//# if WIDTH == 4
  return column_texel(index);
//# else
  return component(column_texel(index / 4u), index);
//# end
}

