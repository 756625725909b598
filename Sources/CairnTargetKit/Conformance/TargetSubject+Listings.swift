import CairnChunks
import CairnTestKit

/// Listings.
extension TargetSubject {
  /// Names whose order is not that of a walk through folders: "a-b" < "a/b" < "a0".
  private static let listedTexts: [String] = {
    var texts = ["a", "b-/x", "cairn", "packs.old", "packs-", "packs0", "tmp/x"]
    for folder in ["packs/", "packs/ab/", "packs/ab-c/", "packs/ac/", "roots/", "x/y/z/"] {
      for leaf in ["0f", "00f", "af", "a-f", "a.f", "bf"] { texts.append(folder + leaf) }
    }
    return texts
  }()

  private static let prefixes = [
    "", "packs", "packs/", "packs/a", "packs/ab", "packs/ab/", "packs/ab/0", "packs/ab-", "roots/",
    "x/", "x/y", "nothing/", "zzz", "tmp/", "b-", "packs/ab/0f", "packs/ab/0f/",
  ]

  func checkListing() async throws {
    // Sizes in another order than names.
    let blobs = try Self.listedTexts.map { try name($0) }.sorted().enumerated().map {
      BlobInfo(name: $1, size: Int64($0 * 29 % Self.listedTexts.count))
    }
    try await inParallel(blobs) { blob in
      try await fill(blob.name, [UInt8](repeating: 1, count: Int(blob.size)))
    }
    try await settle {
      let found = try await list(target)
      try expectNames(found.map(\.name), blobs.map(\.name))
      try expect(found == blobs, "the sizes of blobs are listed wrong")
    }
    // Places that are there, and others before, between and behind them.
    let others = ["0", "packs/ab", "packs/abb", "q", "zzzz"]
    let places = blobs.map(\.name) + (try others.map { try name($0) })
    for prefix in Self.prefixes {
      try await expectPage(of: blobs, prefix, after: nil, limit: 1000)
    }
    for prefix in Self.prefixes {
      let prefix = folder + prefix
      var found: [BlobInfo] = []
      try await target.forEachBlob(prefix) { found.append($0) }
      try expect(
        found == blobs.filter { $0.name.description.utf8.starts(with: prefix.utf8) },
        "going through all blobs \"\(prefix)\" finds \(found.map(\.name))")
    }
    for limit in [0, 1, blobs.count, Int.max] {
      try await expectPage(of: blobs, "", after: nil, limit: limit)
    }
    var random = RepeatableRandom(21)
    for _ in 0..<150 {
      try await expectPage(
        of: blobs, Self.prefixes.randomElement(using: &random) ?? "",
        after: places.randomElement(using: &random), limit: .random(in: 1...6, using: &random))
    }
    for pageSize in [1, 7] {
      try expectNames(
        try await list(target, pageSize: pageSize).map(\.name), blobs.map(\.name))
    }
  }

  private func expectPage(
    of blobs: [BlobInfo], _ prefix: String, after: BlobName?, limit: Int
  ) async throws {
    let prefix = folder + prefix
    let expected = blobs.filter { blob in
      blob.name.description.utf8.starts(with: prefix.utf8) && after.map { $0 < blob.name } != false
    }.prefix(limit)
    let found = try await target.list(prefix, after: after, limit: limit)
    try expect(
      found.elementsEqual(expected),
      "of the blobs \"\(prefix)\" after \(after?.description ?? "the beginning"), at most \(limit), "
        + "\(found.map(\.name)) are listed, not \(expected.map(\.name))")
  }

  func checkLongListing() async throws {
    let texts = (0..<options.listedNames).map { "many/\($0 % 7)/\($0)" }
    let names = try texts.map { try name($0) }
    try await inParallel(names) { try await fill($0, [1]) }
    try await expectListing(names.sorted())
    try await settle {
      let found = try await list(target, "many/3/").map(\.name)
      try expectNames(found, names.filter { $0.description.hasPrefix(folder + "many/3/") }.sorted())
    }
  }

  func checkChangingListing() async throws {
    let all = try (0..<60).map { try name("some/\(100 + $0)") }
    let staying = all.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
    let others = all.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
    try await inParallel(staying) { try await fill($0, [1]) }
    try await expectListing(staying)
    var random = RepeatableRandom(22)
    var present: Set<BlobName> = []
    for pageSize in [1, 2, 3, 7] {
      var found: [BlobName] = []
      while true {
        let page = try await target.list(folder, after: found.last, limit: pageSize)
        found += page.map(\.name)
        guard page.count == pageSize, found.count <= all.count else { break }
        for name in others.shuffled(using: &random).prefix(5) {
          if !present.contains(name) {
            try await fill(name, [2])
            present.insert(name)
          } else if options.canDelete {
            try await writer.delete(name)
            present.remove(name)
          }
        }
      }
      try expect(
        zip(found, found.dropFirst()).allSatisfy(<),
        "beside changes, the names are not listed in order, each once: \(found)")
      try expectNames(found.filter { !others.contains($0) }, staying)
    }
  }
}
