import Testing

@testable import CairnChunks

/// Streams that are stored by a queue are what they are when stored one by one, in the same order.
@Suite struct ContentQueueTests {
  private static func texts(_ count: Int, seed: UInt64) -> [[UInt8]] {
    var random = SeededRandom(seed)
    return (0..<count).map { number in
      switch random.next() % 20 {
      case 0: []
      case 1: random.bytes(ContentQueue.maximumLength - Int(random.next() % 3))
      case 2: Array("again".utf8)
      default: Array("\(number)".utf8) + random.bytes(Int(random.next() % 300))
      }
    }
  }

  @Test(arguments: [0, 1, 7, 900, 5000])
  func contentsComeOutInOrder(count: Int) async throws {
    let texts = Self.texts(count, seed: UInt64(count))
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    let stored = try await session.withBlockingSession { session in
      let queue = ContentQueue(session)
      var contents: [Content] = []
      for text in texts { try queue.append(text.span.bytes) { contents.append($0) } }
      try queue.finish { contents.append($0) }
      #expect(queue.isEmpty)
      return contents
    }
    let alone = try await session.withBlockingSession { session in
      try texts.map { try session.store($0.span.bytes) }
    }
    #expect(stored == alone)
    try await session.flush()
    let read = try await repository.withBlockingReader { reader in
      try stored.map { try reader.read($0) }
    }
    #expect(read == texts)
  }

  /// Whoever asks for everything now and then gets it, whether it was handed over or not.
  @Test func finishingInBetween() async throws {
    let texts = Self.texts(4000, seed: 3)
    let session = try await Repository.createSmall().startSession(.test)
    let lengths = try await session.withBlockingSession { session in
      var random = SeededRandom(5)
      let queue = ContentQueue(session)
      var lengths: [Int] = []
      for (number, text) in texts.enumerated() {
        try queue.append(text.span.bytes) { lengths.append(Int($0.byteCount)) }
        guard random.next() % 1500 < 3 else { continue }
        try queue.finish { lengths.append(Int($0.byteCount)) }
        #expect(queue.isEmpty && lengths.count == number + 1)
      }
      try queue.finish { lengths.append(Int($0.byteCount)) }
      return lengths
    }
    #expect(lengths == texts.map(\.count))
  }

  /// A target that fails ends the queue with its error, and a queue that is dropped leaves nothing
  /// under way.
  @Test func anErrorComesOut() async throws {
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    await #expect(throws: ChunkStoreError.self) {
      try await session.withBlockingSession { session in
        let queue = ContentQueue(session)
        for number in 0..<3000 {
          if number == 2000 { session.core.fail(ChunkStoreError(.targetFailed, "full")) }
          try queue.append(Array("\(number)".utf8).span.bytes) { _ in }
        }
        try queue.finish { _ in }
      }
    }
    let other = try await repository.startSession(.test)
    try await other.withBlockingSession { session in
      let queue = ContentQueue(session)
      for number in 0..<3000 { try queue.append(Array("\(number)".utf8).span.bytes) { _ in } }
    }
    // Two batches were handed over.
    #expect(other.statistics.newChunks == 2048)
  }
}
