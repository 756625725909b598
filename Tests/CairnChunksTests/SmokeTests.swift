import CairnChunks
import CairnCore
import CairnCrypto
import SystemPackage
import Testing

@Test func smoke() async throws {
  let identity = try X25519Identity.generate()
  let target = MemoryTarget()
  let repository = try await Repository.create(on: target, for: [identity.recipient])
  let session = try await repository.startSession()
  var bytes = [UInt8](repeating: 0, count: 5_000_000)
  var random = SystemRandomNumberGenerator()
  for i in stride(from: 0, to: bytes.count, by: 8) { bytes[i] = UInt8.random(in: 0...255, using: &random) }
  let content = try await session.store(bytes)
  var entries: [Entry] = []
  for n in 0..<20_000 {
    let links: [ChunkID] = n % 3 == 0 ? [content.root] : []
    entries.append(Entry(key: Array("\(n + 1_000_000)".utf8), value: Array("value \(n)".utf8), links: links, weight: UInt64(n)))
  }
  let tree = try await session.store(sortedEntries: entries)
  #expect(tree.count == 20_000)
  let root = try await session.publish(name: "a", chunk: tree.root)
  print(root, content, tree, session.statistics, session.stageTimes)
  let again = try await Repository.open(on: target, with: [identity])
  #expect(try await again.roots() == [root])
  #expect(try await again.read(content, in: 0..<content.byteCount) == bytes)
  #expect(try await again.read(content, in: 1_000_003..<2_000_001) == Array(bytes[1_000_003..<2_000_001]))
  let s2 = try await again.startSession()
  let c2 = try await s2.store(bytes)
  #expect(c2 == content)
  #expect(s2.statistics.newChunks == 0)
}
