import CairnChunks
import CairnCore
import CairnTestKit
import Synchronization

/// Calls at the same time, and calls that are cancelled.
extension TargetSubject {
  /// A source whose reading takes so long that others see the put half done.
  private func slowSource(_ bytes: [UInt8], while isWaited: @escaping @Sendable () -> Bool)
    -> BlobSource
  {
    BlobSource(byteCount: Int64(bytes.count)) { range in
      for _ in 0..<30 where isWaited() { pause(nanoseconds: 1_000_000) }
      return Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)])
    }
  }

  func checkAtomicity() async throws {
    try requireWriting()
    var random = RepeatableRandom(31)
    let (name, bytes) = (try name("whole"), random.bytes(3_500_000))
    let looks = Monitor((now: 0, before: 0))
    let isDone = CancellationFlag()
    let source = slowSource(bytes) {
      // Until three looks after the last read.
      looks.withLock { looks in
        if looks.now < looks.before + 3 { return true }
        looks.before = looks.now
        return false
      }
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { isDone.set() }
        try await target.put(name, source)
      }
      group.addTask {
        while !isDone.isSet {
          try await expectWholeOrAbsent(name, bytes)
          looks.withLock { $0.now += 1 }
        }
      }
      try await group.waitForAll()
    }
    try await expectBlob(name, bytes)
  }

  /// Each call finds the whole blob or none.
  private func expectWholeOrAbsent(_ name: BlobName, _ bytes: [UInt8]) async throws {
    let size = try await target.size(of: name)
    try expect(
      size == nil || size == Int64(bytes.count),
      "while a blob of \(bytes.count) bytes is put, its size is told as \(size.orNone)")
    for range in [nil, Int64(bytes.count - 10)..<Int64(bytes.count)] {
      do {
        let found = try await target.get(name, range: range)
        let expected = range == nil ? bytes : Array(bytes.suffix(10))
        try expectEqual(found, expected, "while it is put, the blob \(name)")
      } catch let error as ChunkStoreError {
        try expect(
          error.code == .missing, "while it is put, reading the blob fails with \(error)")
      }
    }
    let listed = try await listed(name, target)
    try expect(
      listed.isEmpty || listed == [Int64(bytes.count)],
      "while a blob of \(bytes.count) bytes is put, it is listed with the sizes \(listed)")
  }

  func checkEqualPuts() async throws {
    try requireWriting()
    var random = RepeatableRandom(32)
    for round in 0..<5 {
      let (name, bytes) = (try name("equal/\(round)"), random.bytes(200_000))
      try await inParallel(Array(0..<options.concurrency * 2)) { _ in
        try await target.put(name, BlobSource(bytes))
      }
      try await expectBlob(name, bytes)
    }
  }

  func checkDifferentPuts() async throws {
    try requireWriting()
    for round in 0..<5 {
      let name = try name("different/\(round)")
      let successes = Mutex<[UInt8]>([])
      try await inParallel(Array(0..<UInt8(clamping: options.concurrency * 2))) { number in
        do throws(ChunkStoreError) {
          try await target.put(name, BlobSource([UInt8](repeating: number, count: 100_000)))
        } catch {
          try expect(
            error.code == .conflict, "of two puts at once, one fails not with conflict: \(error)")
          return
        }
        successes.withLock { $0.append(number) }
      }
      let found = successes.withLock { $0 }
      try expect(found.count == 1, "of different puts at once, \(found.count) succeed")
      try await expectBlob(name, [UInt8](repeating: found[0], count: 100_000))
    }
  }

  func checkManyTasks() async throws {
    try requireWriting()
    let canDelete = options.canDelete
    try await inParallel(Array(0..<options.concurrency)) { task in
      var random = RepeatableRandom(UInt64(33 + task))
      var model: [BlobName: [UInt8]] = [:]
      for step in 0..<20 {
        let name = try name("task-\(task)/\(random.next() % 8)")
        switch random.next() % 4 {
        case 0 where canDelete:
          try await target.delete(name)
          model[name] = nil
          try await expectAbsent(name)
        case 1:
          if let bytes = model[name] { try await expectBlob(name, bytes) }
        default:
          let bytes = model[name] ?? random.bytes(1000 * step)
          try await target.put(name, BlobSource(bytes))
          model[name] = bytes
        }
      }
      for (name, bytes) in model { try await expectBlob(name, bytes) }
    }
  }

  // MARK: Cancellation

  /// What became of a call whose task is cancelled when it begins, or after a while.
  private func outcome<Success: Sendable>(
    cancelledAfter delay: Duration?,
    _ body: @escaping @Sendable () async throws -> Success
  ) async throws -> Result<Success, any Error> {
    let task = Task {
      if delay == nil { while !Task.isCancelled { await Task.yield() } }
      return try await body()
    }
    if let delay { try await Task.sleep(for: delay) }
    task.cancel()
    guard let result = await task.result(within: options.cancellationLimit) else {
      throw Broken("a call goes on for \(options.cancellationLimit) after it was cancelled")
    }
    if case .failure(let error) = result {
      let code = (error as? ChunkStoreError)?.code
      try expect(code == .cancelled, "a cancelled call fails with another error: \(error)")
    }
    return result
  }

  func checkCancelledCalls() async throws {
    var random = RepeatableRandom(34)
    let (name, bytes) = (try name("there"), random.bytes(2_000_000))
    try await fill(name, bytes)
    try await expectBlob(name, bytes)
    for delay in [nil, .zero, .milliseconds(2)] as [Duration?] {
      let read = try await outcome(cancelledAfter: delay) {
        try await target.get(name, range: nil)
      }
      if case .success(let found) = read { try expectEqual(found, bytes, "after a cancellation,") }
      let size = try await outcome(cancelledAfter: delay) { try await target.size(of: name) }
      if case .success(let found) = size {
        try expect(found == 2_000_000, "after a cancellation, the size is \(found.orNone)")
      }
      let listed = try await outcome(cancelledAfter: delay) { try await list(target) }
      if case .success(let found) = listed, options.lag == .zero {
        try expectNames(found.map(\.name), [name])
      }
      if !isReadOnly, options.canDelete { try await checkCancelledDeletion(after: delay, bytes) }
    }
    try await expectBlob(name, bytes)
  }

  /// Of a blob that nobody puts again: a server may carry out later what was broken off.
  private func checkCancelledDeletion(after delay: Duration?, _ bytes: [UInt8]) async throws {
    let name = try name("doomed")
    try await target.put(name, BlobSource(bytes))
    _ = try await outcome(cancelledAfter: delay) { try await target.delete(name) }
    try await settle { try await expectWholeOrAbsent(name, bytes) }
    try await target.delete(name)
  }

  func checkCancelledPuts() async throws {
    try requireWriting()
    var random = RepeatableRandom(35)
    let bytes = random.bytes(3_000_000)
    let delays = [nil, 0, 1, 2, 5, 20, 50].map { $0.map { Duration.milliseconds($0) } }
    for (number, delay) in delays.enumerated() {
      let name = try name("cut/\(number)")
      let source = slowSource(bytes) { true }
      let result = try await outcome(cancelledAfter: delay) {
        try await target.put(name, source)
      }
      if case .success = result {
        try await expectBlob(name, bytes)
      } else {
        try await settle { try await expectWholeOrAbsent(name, bytes) }
      }
      try await target.put(name, BlobSource(bytes))
      try await expectBlob(name, bytes)
    }
  }
}
