@testable import CairnChunks

/// A small repository with a bit of everything in it.
struct SampleRepository: Sendable {
  let target: MemoryTarget
  let blobs: [BlobInfo]
  /// What ``readEverything(on:)`` gives.
  let everything: [String: [UInt8]]

  private static let text = (0..<150).flatMap { "line \($0) of a text\n".utf8 }

  static let shared = Task { try await SampleRepository() }

  private init() async throws {
    target = MemoryTarget()
    let repository = try await Repository.createSmall(on: target)
    let session = try await repository.startSession(.test)
    let contents = [
      "noise": try await session.store(SeededRandom.bytes(1500, seed: 131)),
      "text": try await session.store(Self.text), "empty": try await session.store([]),
    ]
    let tree = try await session.store(
      sortedEntries: contents.sorted { $0.key < $1.key }.map { name, content in
        var value: [UInt8] = []
        content.encode(into: &value)
        return Entry(
          key: Array(name.utf8), value: value, links: [content.root], weight: content.byteCount)
      } + (0..<30).map { Entry("z\(100 + $0)", "value \($0)") })
    _ = try await session.publish(
      name: "sample", chunk: tree.root,
      fields: ["height": "\(tree.height)", "count": "\(tree.count)", "weight": "\(tree.weight)"])
    blobs = try await target.list("", after: nil, limit: 1000)
    everything = try await Self.readEverything(on: target)
  }

  /// Opens the repository and reads all that its roots lead to.
  static func readEverything(on target: any Target) async throws -> [String: [UInt8]] {
    let repository = try await Repository.open(on: target)
    var found: [String: [UInt8]] = [:]
    for root in try await repository.roots() {
      found["root \(root.name) \(root.id)"] = Array(
        "\(root.time) \(root.fields.sorted { $0.key < $1.key })".utf8)
      let tree = EntryTree(
        root: root.chunk, height: Int(root.fields["height"] ?? "") ?? 0,
        count: UInt64(root.fields["count"] ?? "") ?? 0,
        weight: UInt64(root.fields["weight"] ?? "") ?? 0)
      for entry in try await repository.entries(of: tree) {
        let key = String(decoding: entry.key, as: UTF8.self)
        found[key] = entry.value
        for link in entry.links {
          let content = Content(
            root: link, byteCount: entry.weight, height: Int(entry.value[0]))
          found[key] = try await repository.readAll(content)
        }
      }
    }
    return found
  }
}
