// Elementwise kernel: `store(i)` computes and stores the i-th group of WIDTH elements of every result.
// Generated and appended by the compiler: T (f32 or a vector of WIDTH), the bindings, store.

override GROUPS: u32;
override WORKGROUP: u32;
override STRIDE: u32; // invocations in a row of workgroups

@compute @workgroup_size(WORKGROUP)
fn elementwise(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * STRIDE + id.x;
  if (i < GROUPS) { store(i); }
}
