import CairnChunks
import Testing

/// Listing, compared with a sorted array.
@Suite struct TargetListingTests {
  /// Names whose order is not that of a walk through folders: "a-b" < "a/b" < "a0".
  static let names: [BlobName] = {
    var names = ["a", "b-/x", "cairn", "packs.old", "packs-", "packs0", "tmp", "tmp/x"]
    for folder in ["packs/", "packs/ab/", "packs/ab-c/", "packs/ac/", "roots/", "x/y/z/"] {
      for leaf in ["0", "00", "a", "a-", "a.", "b", "zz"] { names.append(folder + "\(leaf)f") }
    }
    return names.filter { $0 != "tmp" }.map { BlobName(named: $0) }.sorted()
  }()

  private static let prefixes = [
    "", "packs", "packs/", "packs/a", "packs/ab", "packs/ab/", "packs/ab/0", "packs/ab-", "roots/",
    "x/", "x/y", "nothing/", "zzz", "tmp/", "b-", "packs/ab/0f/",
  ]

  private func fill(_ target: any Target) async throws {
    for (number, name) in Self.names.enumerated() {
      try await target.put(name, BlobSource([UInt8](repeating: 1, count: number)))
    }
  }

  private func expected(
    _ prefix: String, after: BlobName?, limit: Int
  ) -> [BlobInfo] {
    let all = Self.names.enumerated().map { BlobInfo(name: $1, size: Int64($0)) }
    return Array(
      all.filter { info in
        info.name.description.hasPrefix(prefix) && after.map { $0 < info.name } != false
      }.prefix(limit))
  }

  @Test(arguments: TargetKind.allCases)
  func everyPrefixAndEveryPlaceToGoOn(kind: TargetKind) async throws {
    try await kind.withTarget { target in
      try await fill(target)
      // Each name, and names that are not there, before, between and behind those that are.
      let others = ["0", "packs/ab", "packs/ab/", "packs/abb", "q", "zzzz"].compactMap {
        BlobName($0)
      }
      for prefix in Self.prefixes {
        for after in [nil] + Self.names + others {
          for limit in [1, 3, 1000] {
            let found = try await target.list(prefix, after: after, limit: limit)
            try #require(
              found == expected(prefix, after: after, limit: limit),
              "\(prefix), after \(after?.description ?? "nothing"), at most \(limit)")
          }
        }
      }
      #expect(try await target.list("", after: nil, limit: 0).isEmpty)
    }
  }

  @Test(arguments: TargetKind.allCases)
  func thousandsOfNamesComeInPages(kind: TargetKind) async throws {
    try await kind.withTarget { target in
      var names: [String] = ["cairn", "roots/x"]
      // Two pages to the blob, so that the last page is full.
      for number in 0..<1998 { names.append("packs/\(number % 7)/\(number)") }
      try await withThrowingTaskGroup { group in
        for name in names {
          group.addTask { try await target.put(BlobName(named: name), BlobSource([1])) }
        }
        try await group.waitForAll()
      }
      #expect(try await target.names() == names.sorted())
      #expect(
        try await target.names("packs/3/") == names.filter { $0.hasPrefix("packs/3/") }.sorted())
    }
  }
}
