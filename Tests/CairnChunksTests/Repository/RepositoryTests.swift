import CairnCore
import CairnCrypto
import Synchronization
import Testing

@testable import CairnChunks

@Suite struct RepositoryTests {
  @Test func isCreatedOnce() async throws {
    let target = MemoryTarget()
    let repository = try await Repository.createSmall(on: target)
    let error = try await storeError { _ = try await Repository.createSmall(on: target) }
    #expect(error.code == .repositoryExists)
    let opened = try await Repository.open(on: target)
    #expect(opened.id == repository.id && opened.layout == .small)
    #expect(try await opened.keys().count == 1)
  }

  @Test func whereThereIsNoneTheErrorSaysSo() async throws {
    for kind in TargetKind.allCases {
      try await kind.withTarget { target in
        let error = try await storeError { _ = try await Repository.open(on: target) }
        #expect(error.code == .noRepository)
        #expect("\(error)".contains(target.name))
      }
    }
  }

  @Test func aRootThatIsForgottenWhileItIsReadIsNoDamage() async throws {
    let base = MemoryTarget()
    let writer = try await Repository.createSmall(on: base)
    let session = try await writer.startSession(.test)
    let content = try await session.store([1, 2, 3])
    let gone = try await session.publish(name: "gone", content: content)
    try await session.publish(name: "kept", content: content)
    let target = VanishingTarget(base: base)
    let reader = try await Repository.open(on: target)
    let found = Mutex<[String]>([])
    try await target.afterNextListing(
      { try await writer.forget([gone]) },
      during: {
        let names = try await reader.roots().map(\.name)
        found.withLock { $0 = names }
      })
    #expect(found.withLock { $0 } == ["kept"])
  }

  @Test func aStrangerHasNoAccess() async throws {
    let target = MemoryTarget()
    _ = try await Repository.createSmall(on: target)
    let stranger = try X25519Identity.generate()
    for identities in [[stranger], []] as [[any Identity]] {
      let error = try await storeError {
        _ = try await Repository.open(on: target, with: identities)
      }
      #expect(error.code == .noAccess)
    }
    _ = try await Repository.open(on: target, with: [stranger, owner])
  }

  @Test func waysInCanBeAddedAndRemoved() async throws {
    let target = MemoryTarget()
    let repository = try await Repository.createSmall(on: target)
    let second = try X25519Identity.generate()
    let name = try await repository.addKey(for: [second.recipient], label: "second")
    #expect(try await Set(repository.keys().map(\.label)) == ["owner", "second"])
    let other = try await Repository.open(on: target, with: [second])
    #expect(other.openedBy == name)

    try await repository.removeKey(repository.openedBy)
    #expect(try await storeError { _ = try await Repository.open(on: target) }.code == .noAccess)
    let last = try await storeError { try await other.removeKey(name) }
    #expect(last.code == .invalid)
    let unknown = try await storeError {
      try await other.removeKey(BlobName(named: "keys/owner-00"))
    }
    #expect(unknown.code == .notFound)
    _ = try await Repository.open(on: target, with: [second])
  }

  @Test func oneDamagedWayInDoesNotShutTheOthers() async throws {
    let target = MemoryTarget()
    let repository = try await Repository.createSmall(on: target)
    let first = repository.openedBy
    let second = try X25519Identity.generate()
    try await repository.addKey(for: [second.recipient], label: "a")
    for bytes in [nil, [1, 2, 3]] as [[UInt8]?] {
      let changed = ChangedTarget(base: target, changed: first, bytes: bytes)
      _ = try await Repository.open(on: changed, with: [second])
    }
  }

  @Test(arguments: [
    "", "A", "a b", "a/b", "../a", ".a", "a.b", "a_b", "é", String(repeating: "a", count: 65),
  ])
  func oddLabelsAreRefused(label: String) async throws {
    let target = MemoryTarget()
    let repository = try await Repository.createSmall(on: target)
    let error = try await storeError {
      try await repository.addKey(for: [owner.recipient], label: label)
    }
    #expect(error.code == .invalid)
    #expect(try await target.names("keys/").count == 1)
  }

  @Test func aDescriptorOfAnotherRepositoryIsNoticed() async throws {
    let (first, second) = (MemoryTarget(), MemoryTarget())
    _ = try await Repository.createSmall(on: first)
    _ = try await Repository.createSmall(on: second)
    let other = try await second.get(.descriptor)
    let swapped = ChangedTarget(base: first, changed: .descriptor, bytes: other)
    let error = try await storeError { _ = try await Repository.open(on: swapped) }
    #expect(error.code == .noAccess)
  }

  @Test func rootsAreFoundByNameAndId() async throws {
    let repository = try await Repository.createSmall()
    let none = try await storeError { _ = try await repository.root("latest") }
    #expect(none.code == .notFound)
    let session = try await repository.startSession(.test)
    let chunk = try await session.store(Chunk(data: [1]))
    var roots: [Root] = []
    for (number, name) in ["a", "b", "a"].enumerated() {
      roots.append(
        try await session.publish(
          name: name, chunk: chunk, fields: ["n": "\(number)"], time: Int64(number)))
    }
    #expect(try await repository.roots() == roots)
    #expect(try await repository.root("latest") == roots[2])
    #expect(try await repository.root("a") == roots[2])
    #expect(try await repository.root("b") == roots[1])
    #expect(try await repository.root(roots[0].id.description) == roots[0])
    #expect(try await repository.root(String(roots[0].id.description.prefix(20))) == roots[0])
    for reference in ["", "x", "zz"] {
      #expect(try await storeError { _ = try await repository.root(reference) }.code == .notFound)
    }
    #expect(Set(roots.map(\.session)).count == 1 && Set(roots.map(\.id)).count == 3)
  }

  @Test func digitsThatManyIdsBeginWithAreAmbiguous() async throws {
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    let chunk = try await session.store(Chunk(data: [1]))
    var firstDigits: Set<Character> = []
    var repeated: Character?
    // Of 17 ids, two begin alike.
    for number in 0..<17 where repeated == nil {
      let root = try await session.publish(name: "r\(number)", chunk: chunk)
      let digit = root.id.description.first!
      if !firstDigits.insert(digit).inserted { repeated = digit }
    }
    let digit = try #require(repeated)
    let error = try await storeError { _ = try await repository.root(String(digit)) }
    #expect(error.code == .ambiguous)
  }

  @Test func anotherCompressorIsNeededToReadWhatItPacked() async throws {
    struct Backwards: Compressor {
      var codec: UInt8 { 200 }

      func compress(_ raw: RawSpan, into output: inout OutputRawSpan) -> Bool {
        // Pretends to save something by leaving out the half that repeats.
        let bytes = Array(raw)
        guard bytes.count % 2 == 0, bytes.prefix(bytes.count / 2) == bytes.suffix(bytes.count / 2)
        else { return false }
        for byte in bytes.prefix(bytes.count / 2).reversed() { output.append(byte) }
        return true
      }

      func decompress(_ packed: RawSpan, into output: inout OutputRawSpan) -> Bool {
        for byte in Array(packed).reversed() + Array(packed).reversed() {
          guard output.freeCapacity > 0 else { return false }
          output.append(byte)
        }
        return output.freeCapacity == 0
      }
    }
    let target = MemoryTarget()
    let repository = try await Repository.createSmall(
      on: target, options: Repository.Options(compressor: Backwards()))
    let session = try await repository.startSession(.test)
    // Its record is [0, 100] and the data: twice the same.
    let half: [UInt8] = [0, 100] + [UInt8](repeating: 9, count: 49)
    let chunk = Chunk(data: Array((half + half).dropFirst(2)))
    let id = try await session.store(chunk)
    _ = try await session.publish(name: "a", chunk: id)
    #expect(try repository.loadedIndex.place(of: id)?.block.codec == 200)

    let without = try await Repository.open(on: target)
    let error = try await storeError { _ = try await without.chunk(id) }
    #expect(error.code == .damaged && "\(error)".contains("200"))
    let with = try await Repository.open(
      on: target, options: Repository.Options(otherCompressors: [Backwards()]))
    #expect(try await with.chunk(id) == chunk)
  }

  @Test func blocksThatDoNotCompressAreKeptRaw() async throws {
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    let noise = try await session.store(Chunk(data: SeededRandom.bytes(5000, seed: 141)))
    let text = try await session.store(Chunk(data: [UInt8](repeating: 7, count: 5000)))
    try await session.flush()
    let index = repository.loadedIndex
    #expect(try index.place(of: noise)?.block.codec == 0)
    #expect(try index.place(of: text)?.block.codec == 1)
  }
}
