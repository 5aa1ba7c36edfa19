// Counter-based random numbers, Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
// key [4]: seed low, seed high, step, round. Four numbers an invocation: counter (invocation, stream, step, round).
//   uniform:  u = (bits >> 8) / 2^24, in [0, 1)
//   normal:   Box-Muller on pairs of uniforms, mean 0, variance 1

@group(0) @binding(0) var<storage, read> key: array<u32>;

override GROUPS: u32; // of four numbers
override STREAM: u32;
override WORKGROUP: u32;
override STRIDE: u32; // invocations in a row of workgroups

// High and low word of a product of two 32-bit numbers, from products of 16-bit halves.
fn multiply_wide(a: u32, b: u32) -> vec2u {
  let a0 = a & 0xffffu;
  let a1 = a >> 16u;
  let b0 = b & 0xffffu;
  let b1 = b >> 16u;
  let low = a0 * b0;
  let middle = a1 * b0 + (low >> 16u); // cannot overflow
  let other = a0 * b1 + (middle & 0xffffu);
  return vec2u(a1 * b1 + (middle >> 16u) + (other >> 16u), a * b);
}

fn philox(counter: vec4u, seed: vec2u) -> vec4u {
  var c = counter;
  var k = seed;
  for (var round = 0u; round < 10u; round++) {
    let p = multiply_wide(0xD2511F53u, c.x);
    let q = multiply_wide(0xCD9E8D57u, c.z);
    c = vec4u(q.x ^ c.y ^ k.x, q.y, p.x ^ c.w ^ k.y, p.y);
    k += vec2u(0x9E3779B9u, 0xBB67AE85u);
  }
  return c;
}

fn bits(group: u32) -> vec4u {
  return philox(vec4u(group, STREAM, key[2], key[3]), vec2u(key[0], key[1]));
}

@compute @workgroup_size(WORKGROUP)
fn uniform_numbers(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * STRIDE + id.x;
  if (i >= GROUPS) { return; }
  store(i, vec4f(bits(i) >> vec4u(8u)) * 0x1p-24);
}

@compute @workgroup_size(WORKGROUP)
fn normal_numbers(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * STRIDE + id.x;
  if (i >= GROUPS) { return; }
  // 1 is added so that the logarithm never meets 0: its argument is in (0, 1].
  let u = (vec4f(bits(i) >> vec4u(8u)) + vec4f(1.0, 0.0, 1.0, 0.0)) * 0x1p-24;
  let radius = sqrt(-2.0 * log(u.xz));
  let angle = 6.283185307179586 * u.yw;
  store(i, vec4f(radius.x * cos(angle.x), radius.x * sin(angle.x), radius.y * cos(angle.y), radius.y * sin(angle.y)));
}
