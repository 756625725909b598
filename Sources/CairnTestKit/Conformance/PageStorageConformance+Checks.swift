import CairnCore
import CairnTree

extension PageStorageConformance {
  typealias Check = @Sendable (PageStorageConformance) throws -> Void

  /// The promises, and how each is examined.
  static let checks: [(promise: String, Check)] = [
    ("a new storage is empty", { try $0.checkEmpty() }),
    ("what was written is read, before and after synchronizing", { try $0.checkReadAfterWrite() }),
    ("a read appends to its buffer, and ends where the storage ends", { try $0.checkReads() }),
    ("a write behind the end leaves zeros in between", { try $0.checkGap() }),
    ("a write changes its own bytes alone", { try $0.checkOverwriting() }),
    ("resizing appends zeros, or cuts the end off for good", { try $0.checkResizing() }),
    ("writes of millions of bytes are whole", { try $0.checkLargeWrites() }),
    ("random calls have the effects that an array has", { try $0.checkAgainstArray() }),
    ("reads of several threads beside writes give what is there", { try $0.checkThreads() }),
    ("what is opened again shows what was written", { try $0.checkOpenedAgain() }),
    ("a lock keeps others off until it is released", { try $0.checkLocks() }),
    ("the lowest lock of others is found", { try $0.checkLowestLock() }),
    ("locks end when who holds them closes the storage", { try $0.checkLocksOfTheClosed() }),
    ("a store keeps its trees in it", { try $0.checkStore() }),
  ]

  // MARK: Bytes

  private func checkEmpty() throws {
    let storage = try makeEmpty()
    try expect(!storage.isReadOnly, "it can only be read; make one that can be written")
    try storage.expectSize(0)
    try storage.expect([], at: 0, asking: 100)
  }

  private func checkReadAfterWrite() throws {
    let storage = try makeEmpty()
    var random = RepeatableRandom(1)
    let bytes = random.bytes(10_000)
    try storage.put(bytes, at: 0)
    try storage.expectSize(bytes.count)
    try storage.expect(bytes, at: 0)
    try storage.synchronize()
    try storage.synchronize()
    try storage.expectSize(bytes.count)
    try storage.expect(bytes, at: 0)
  }

  private func checkReads() throws {
    let storage = try makeEmpty()
    let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0 / 7) }
    try storage.put(bytes, at: 0)
    for (offset, count) in [(0, 1), (1, 4998), (4999, 1), (17, 1000)] {
      try storage.expect(Array(bytes[offset..<offset + count]), at: offset)
    }
    try storage.expect(Array(bytes[4000...]), at: 4000, asking: 3000)
    try storage.expect([], at: 5000, asking: 10)
    try storage.expect([], at: 1 << 40, asking: 10)
    let count = try withBuffer(20) { span in
      for byte in [1, 2, 3] as [UInt8] { span.append(byte) }
      return try storage.read(at: 100, into: &span)
    } examine: { count, found in
      try expect(
        found.count == 3 + count && found.prefix(3).elementsEqual([1, 2, 3])
          && found.dropFirst(3).elementsEqual(bytes[100..<100 + count]),
        "a buffer with 3 bytes in it holds \(found) afterwards")
      return count
    }
    try expect((1...17).contains(count), "17 bytes fit and are there, \(count) were read")
  }

  private func checkGap() throws {
    let storage = try makeEmpty()
    try storage.put([1, 2, 3], at: 0)
    try storage.put([4], at: 70_000)
    try storage.expectSize(70_001)
    try storage.expect([1, 2, 3] + [UInt8](repeating: 0, count: 69_997) + [4], at: 0)
  }

  private func checkOverwriting() throws {
    let storage = try makeEmpty()
    var bytes = [UInt8](repeating: 7, count: 20_000)
    try storage.put(bytes, at: 0)
    for (offset, count) in [(0, 1), (4095, 2), (8192, 4096), (19_999, 1), (500, 0)] {
      let new = [UInt8](repeating: UInt8(truncatingIfNeeded: offset) | 1, count: count)
      try storage.put(new, at: offset)
      bytes.replaceSubrange(offset..<offset + count, with: new)
      try storage.expect(bytes, at: 0)
    }
    try storage.expectSize(bytes.count)
  }

  private func checkResizing() throws {
    let storage = try makeEmpty()
    try storage.resize(to: 3000)
    try storage.expectSize(3000)
    try storage.expect([UInt8](repeating: 0, count: 3000), at: 0)
    try storage.put([UInt8](repeating: 9, count: 3000), at: 0)
    try storage.resize(to: 1000)
    try storage.expectSize(1000)
    try storage.expect([UInt8](repeating: 9, count: 1000), at: 0, asking: 3000)
    try storage.resize(to: 2000)
    try storage.expect(
      [UInt8](repeating: 9, count: 1000) + [UInt8](repeating: 0, count: 1000), at: 0)
    try storage.resize(to: 2000)
    try storage.expectSize(2000)
    try storage.resize(to: 0)
    try storage.expectSize(0)
  }

  private func checkLargeWrites() throws {
    let storage = try makeEmpty()
    var random = RepeatableRandom(3)
    let bytes = random.bytes((2 << 20) + 17)
    try storage.put(bytes, at: 513)
    try storage.expect(bytes, at: 513)
  }

  private func checkAgainstArray() throws {
    let storage = try makeEmpty()
    var random = RepeatableRandom(2)
    var model: [UInt8] = []
    for _ in 0..<200 {
      let offset = Int(random.next() % 60_000)
      let count = Int(random.next() % 9000)
      switch random.next() % 8 {
      case 0:
        try storage.resize(to: Int64(offset))
        model.resize(to: offset)
      case 1:
        try storage.synchronize()
      case 2...4:
        try storage.expect(Array(model.dropFirst(offset).prefix(count)), at: offset, asking: count)
      default:
        let bytes = random.bytes(count)
        try storage.put(bytes, at: offset)
        if !bytes.isEmpty, model.count < offset + count { model.resize(to: offset + count) }
        if !bytes.isEmpty { model.replaceSubrange(offset..<offset + count, with: bytes) }
      }
      try storage.expectSize(model.count)
    }
    try storage.expect(model, at: 0)
  }

  private func checkThreads() throws {
    let storage = try makeEmpty()
    let (pageSize, pageCount) = (4096, 32)
    // The even pages stay what they are, the odd ones are written meanwhile.
    for page in 0..<pageCount {
      try storage.put(
        [UInt8](repeating: UInt8(page), count: pageSize), at: page * pageSize)
    }
    let readers = 3
    var jobs = OrderedJobs<String?>(on: ThreadPool(limit: readers), depth: readers)
    for reader in 0..<readers {
      jobs.submit {
        do {
          for round in 0..<100 {
            let page = (round + reader) * 2 % pageCount
            try storage.expect(
              [UInt8](repeating: UInt8(page), count: pageSize), at: page * pageSize)
          }
          return nil
        } catch {
          return "\(error)"
        }
      }
    }
    for round in 0..<100 {
      let page = round * 2 % pageCount + 1
      try storage.put(
        [UInt8](repeating: UInt8(truncatingIfNeeded: round), count: pageSize), at: page * pageSize)
    }
    while let problem = jobs.next() {
      if let problem { throw Broken(problem) }
    }
  }

  // MARK: Others

  private func pair() throws -> (any PageStorage, any PageStorage) {
    guard let openAgain else { throw Skipped(reason: "nobody can open it a second time") }
    let first = try makeEmpty()
    return (first, try openAgain(first))
  }

  private func locks() throws -> (
    (any PageStorage, any StorageLocks), (any PageStorage, any StorageLocks)
  ) {
    let (first, second) = try pair()
    guard let one = first.locks, let other = second.locks else {
      throw Skipped(reason: "it has no locks, so one store at a time may use it")
    }
    return ((first, one), (second, other))
  }

  private func checkOpenedAgain() throws {
    let (first, second) = try pair()
    try first.put([1, 2, 3], at: 10_000)
    try second.expectSize(10_003)
    try second.expect([0, 1, 2, 3], at: 9999)
    try first.put([4], at: 10_001)
    try second.expect([1, 4, 3], at: 10_000)
  }

  private func checkLocks() throws {
    let ((first, one), (second, other)) = try locks()
    defer { withExtendedLifetime((first, second)) {} }
    try expect(try one.lock(5, exclusively: true), "a lock that nobody holds is refused")
    try expect(try !other.lock(5, exclusively: true), "two hold one lock, each alone")
    try expect(try !other.lock(5, exclusively: false), "one shares a lock that is held alone")
    try expect(try !one.lock(5, exclusively: true), "who holds a lock gets it again")
    try expect(try other.lock(6, exclusively: true), "a lock is taken for another")
    try one.unlock(5)
    try expect(try other.lock(5, exclusively: false), "a lock that was released is refused")
    try expect(try one.lock(5, exclusively: false), "a shared lock is not shared")
    try other.unlock(5)
    try expect(try !other.lock(5, exclusively: true), "one takes alone what another shares")
  }

  private func checkLowestLock() throws {
    let ((first, one), (second, other)) = try locks()
    defer { withExtendedLifetime((first, second)) {} }
    let largest: UInt64 = 1 << 61
    func lowest(_ range: ClosedRange<UInt64>, exclusively: Bool = false) throws -> UInt64? {
      try other.lowestLockOfOthers(in: range, exclusively: exclusively)
    }
    try expect(try lowest(0...largest) == nil, "a lock is found where there is none")
    for number in [900, 30, largest, 31, 500] as [UInt64] {
      try expect(try one.lock(number, exclusively: false), "lock \(number) is refused")
    }
    try expect(try one.lock(40, exclusively: true), "lock 40 is refused")
    for (range, expected) in [
      (0...largest, 30), (31...largest, 31), (41...600, 500), (41...499, nil),
      (901...largest, largest),
    ] as [(ClosedRange<UInt64>, UInt64?)] {
      let found = try lowest(range)
      try expect(
        found == expected,
        "in \(range), \(found.map(String.init) ?? "none") is found, not "
          + "\(expected.map(String.init) ?? "none")")
    }
    try expect(try lowest(0...largest, exclusively: true) == 40, "lock 40 is held alone")
    try expect(
      try one.lowestLockOfOthers(in: 0...largest, exclusively: false) == nil,
      "one's own locks are taken for those of others")
    try one.unlock(30)
    try expect(try lowest(0...largest) == 31, "a lock is found that was released")
  }

  private func checkLocksOfTheClosed() throws {
    guard let openAgain else { throw Skipped(reason: "nobody can open it a second time") }
    let first = try makeEmpty()
    guard let one = first.locks else {
      throw Skipped(reason: "it has no locks, so one store at a time may use it")
    }
    do {
      let second = try openAgain(first)
      try expect(try second.locks?.lock(5, exclusively: true) == true, "lock 5 is refused")
      try expect(try !one.lock(5, exclusively: true), "two hold one lock, each alone")
      withExtendedLifetime(second) {}
    }
    try expect(try one.lock(5, exclusively: true), "the lock of one who has closed it remains")
    withExtendedLifetime(first) {}
  }

  // MARK: Trees

  private func checkStore() throws {
    let storage = try makeEmpty()
    let options = TreeStoreOptions(pageSize: 4096, cacheBytes: 0)
    do {
      let store = try TreeStore(on: storage, options)
      for round in UInt32(0)..<5 {
        let writing = try store.beginWriting()
        let tree = try writing.tree("t", creating: TreeOptions(for: UInt32.self, UInt32.self))
          .typed(UInt32.self, UInt32.self)
        for key in 0..<UInt32(400) { try tree.put(key &* 2_654_435_761, round) }
        try writing.commit(round % 2 == 0 ? .checkpoint : .publish)
      }
    }
    let store = try TreeStore(on: storage, options)
    let tree = try store.beginReading().tree("t")
    let count = try tree.count
    try expect(count == 400, "of 400 entries, \(count) are there")
    let problems = try store.verify().problems
    try expect(problems.isEmpty, "\(problems)")
  }
}

// MARK: Help

private func withBuffer<Result>(
  _ capacity: Int, _ body: (inout OutputRawSpan) throws -> Int,
  examine: (Int, UnsafeRawBufferPointer) throws -> Result
) throws -> Result {
  let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
  defer { memory.deallocate() }
  var span = OutputRawSpan(buffer: memory, initializedCount: 0)
  let count: Int
  do {
    count = try body(&span)
  } catch {
    _ = consume span
    throw error
  }
  let initialized = span.finalize(for: memory)
  return try examine(count, UnsafeRawBufferPointer(rebasing: memory[..<initialized]))
}

/// Faster than going through them one by one, which takes seconds in a debug build.
private func areEqual(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
  guard one.count == other.count else { return false }
  var offset = 0
  while offset + 8 <= one.count {
    guard
      one.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        == other.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    else { return false }
    offset += 8
  }
  return one[offset...].elementsEqual(other[offset...])
}

extension PageStorage {
  fileprivate func put(_ bytes: [UInt8], at offset: Int) throws {
    try write(bytes.span.bytes, at: Int64(offset))
  }

  fileprivate func expectSize(_ count: Int) throws {
    let found = try byteCount
    try CairnTestKit.expect(found == Int64(count), "it has \(found) bytes, not \(count)")
  }

  /// Reads until so many bytes are there, or the end, and compares.
  fileprivate func expect(_ bytes: [UInt8], at offset: Int, asking count: Int? = nil) throws {
    let count = count ?? bytes.count
    try withBuffer(max(1, count)) { span in
      while span.byteCount < count {
        let (before, free) = (span.byteCount, span.freeCapacity)
        let read = try read(at: Int64(offset + before), into: &span)
        try CairnTestKit.expect(
          read == span.byteCount - before && (0...free).contains(read),
          "a read says that it has read \(read) bytes, and appends \(span.byteCount - before)")
        if read == 0 { break }
      }
      return span.byteCount
    } examine: { _, found in
      if bytes.span.bytes.withUnsafeBytes({ areEqual(found, $0) }) { return }
      let same = zip(found, bytes).prefix { $0 == $1 }.count
      throw Broken(
        "of \(count) bytes at \(offset), \(found.count) are there and the first \(same) are right; "
          + "\(bytes.count) are expected")
    }
  }
}

extension Array where Element == UInt8 {
  fileprivate mutating func resize(to count: Int) {
    if count < self.count {
      removeLast(self.count - count)
    } else {
      append(contentsOf: repeatElement(0, count: count - self.count))
    }
  }
}
