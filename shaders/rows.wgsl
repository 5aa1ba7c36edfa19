// A chain of reductions and elementwise kernels over rows: one workgroup takes one row through all of it.
// Generated and appended by the compiler: the bindings and the entry point `rows`, with a loop over the row for every
// pass. LANES invocations share a row; they meet here to combine what each has reduced.

var<workgroup> parts: array<f32, ${LANES}>;

// The sum over all invocations, for every one of them.
fn total_sum(lane: u32, part: f32) -> f32 {
  parts[lane] = part;
  workgroupBarrier();
  for (var half = ${LANES / 2}u; half > 0u; half /= 2u) {
    if (lane < half) {
      parts[lane] += parts[lane + half];
    }
    workgroupBarrier();
  }
  let total = parts[0];
  workgroupBarrier();
  return total;
}

// The maximum over the first `count` invocations.
fn total_max(lane: u32, part: f32, count: u32) -> f32 {
  parts[lane] = part;
  workgroupBarrier();
  for (var half = ${LANES / 2}u; half > 0u; half /= 2u) {
    if (lane < half && lane + half < count) {
      parts[lane] = max(parts[lane], parts[lane + half]);
    }
    workgroupBarrier();
  }
  let total = parts[0];
  workgroupBarrier();
  return total;
}
