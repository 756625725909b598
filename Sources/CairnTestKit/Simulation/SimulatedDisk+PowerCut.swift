import Synchronization

extension SimulatedDisk {
  func bytesAfterPowerCut(using random: inout some RandomNumberGenerator) -> [UInt8] {
    let (durable, pending) = state.withLock { ($0.durable, $0.pending) }
    return bytes(durable, pending, using: &random)
  }

  func forEachPowerCut(
    limit: Int, seed: UInt64, _ body: ([UInt8]) throws -> Void
  ) rethrows {
    let (durable, pending) = state.withLock { ($0.durable, $0.pending) }
    var random = RepeatableRandom(seed)
    var count = 0
    func call(_ survivors: some Sequence<Int>) throws {
      count += 1
      var bytes = durable
      for index in survivors { pending[index].apply(to: &bytes) }
      try body(bytes)
    }
    if pending.count < Int.bitWidth - 2, 1 << pending.count <= limit {
      for choice in 0..<1 << pending.count {
        try call(pending.indices.lazy.filter { choice >> $0 & 1 == 1 })
      }
    } else {
      try call([])
      for last in pending.indices.reversed() {
        if count < limit { try call(0...last) }
        if count < limit { try call(pending.indices.lazy.filter { $0 != last }) }
      }
    }
    guard !pending.isEmpty else { return }
    for _ in 0..<max(limit - count, limit / 4) {
      try body(bytes(durable, pending, using: &random))
    }
  }

  private func bytes(
    _ durable: [UInt8], _ pending: [Change], using random: inout some RandomNumberGenerator
  ) -> [UInt8] {
    var bytes = durable
    // Sometimes most survive, sometimes few; sometimes a disk keeps the order.
    let share = UInt64.random(in: 1...4, using: &random)
    let isOrdered = Bool.random(using: &random)
    for change in isOrdered ? pending : pending.shuffled(using: &random) {
      guard UInt64.random(in: 1...4, using: &random) <= share else { continue }
      let isTorn = UInt64.random(in: 0..<3, using: &random) == 0
      for part in isTorn ? change.sectors(sectorSize) : [change]
      where !isTorn || Bool.random(using: &random) {
        part.apply(to: &bytes)
      }
    }
    return bytes
  }
}
