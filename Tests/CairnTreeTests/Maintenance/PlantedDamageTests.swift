import CairnCore
import Testing

@testable import CairnTree

/// Damage of each kind, with checksums that are right: `verify` says what is wrong, and where.
@Suite struct PlantedDamageTests {
  private static let pageSize = 4096

  /// A file with two trees, and where in it things are.
  private struct Sample {
    var bytes: [UInt8]
    /// The root of the tree "fixed", and its leaves.
    var root = 0
    var leaves: [Int] = []
    /// The pages of a long value in the tree "free", and its leaf.
    var overflow: [Int] = []
    var freeLeaf = 0
    var catalogue = 0
    var spaceMap = 0
    let layout: Layout
    let freeLayout: Layout

    init() throws {
      let storage = MemoryStorage()
      let store = try TreeStore(on: storage, TreeStoreOptions(pageSize: pageSize))
      let writing = try store.beginWriting()
      let fixed = try writing.tree(
        "fixed", creating: TreeOptions(for: UInt32.self, UInt32.self, isWeighted: true)
      ).typed(UInt32.self, UInt32.self)
      for number in 0..<UInt32(1000) { try fixed.put(number, number, weight: 5) }
      let free = try writing.tree("free", creating: TreeOptions()).typed(String.self, [UInt8].self)
      try free.put("long", SeededRandom.bytes(9000, seed: 1))
      try free.put("short", [1])
      try writing.commit(.checkpoint)
      bytes = storage.bytes
      layout = try #require(
        Layout(keyWidth: 4, valueWidth: 4, isWeighted: true, pageSize: pageSize))
      freeLayout = try #require(
        Layout(keyWidth: -1, valueWidth: -1, isWeighted: false, pageSize: pageSize))
      for number in 2..<bytes.count / pageSize {
        let (kind, tree) = bytes.withUnsafeMutableBytes { bytes in
          let page = Page(bytes.baseAddress! + number * pageSize)
          return (PageKind(rawValue: page.kind), page.tree)
        }
        switch kind {
        case .leaf where tree == 0: catalogue = number
        case .leaf where tree == 1: leaves.append(number)
        case .leaf: freeLeaf = number
        case .inner: root = number
        case .overflow: break
        case .spaceMap: spaceMap = number
        case nil: break
        }
      }
      bytes.withUnsafeMutableBytes { [freeLayout, freeLeaf] bytes in
        let leaf = LeafPage(bytes.baseAddress! + freeLeaf * pageSize, freeLayout)
        let reference = Page(UnsafeMutableRawPointer(mutating: leaf.value(0).base))
        var number = Int(reference.u32(8))
        while number != 0 {
          overflow.append(number)
          number = Int(Page(bytes.baseAddress! + number * pageSize).u32(36))
        }
      }
      #expect(leaves.count > 3 && overflow.count == 3 && root > 0 && spaceMap > 0)
    }

    /// Changes a page, and its checksum with it.
    mutating func change(_ number: Int, _ body: (UnsafeMutableRawPointer) -> Void) {
      bytes.withUnsafeMutableBytes { bytes in
        let base = bytes.baseAddress! + number * pageSize
        body(base)
        Page(base).set64(0, BlockChecksum.of(base, pageSize))
      }
    }

    mutating func changeLeaf(_ number: Int, _ body: (LeafPage) -> Void) {
      change(number) { [layout] in body(LeafPage($0, layout)) }
    }

    mutating func changeRoot(_ body: (InnerPage) -> Void) {
      change(root) { [layout] in body(InnerPage($0, layout)) }
    }
  }

  private func setKey(_ leaf: LeafPage, _ index: Int, _ key: UInt32) {
    UnsafeMutableRawPointer(mutating: leaf.key(index).base)
      .storeBytes(of: key.bigEndian, as: UInt32.self)
  }

  /// Expects that a problem is named which has these words, in that tree and at that page.
  private func expect(
    _ words: String, tree: String?, page: Int?, readOnly: Bool = false,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ plant: (inout Sample) -> Void
  ) throws {
    var sample = try Sample()
    plant(&sample)
    for isReadOnly in readOnly ? [true] : [false, true] {
      let store = try TreeStore(
        on: MemoryStorage(sample.bytes), TreeStoreOptions(isReadOnly: isReadOnly))
      let problems = try store.verify().problems
      #expect(
        problems.contains {
          $0.message.contains(words) && $0.tree == tree && $0.page == page.map { UInt32($0) }
        }, "\(problems)", sourceLocation: sourceLocation)
    }
  }

  @Test func nothingIsWrongWithTheSample() throws {
    let report = try TreeStore(on: MemoryStorage(Sample().bytes)).verify()
    #expect(report.problems == [])
    #expect(report.trees == 2 && report.entries == 1002)
  }

  @Test func pagesThatAreNotWhatTheyWere() throws {
    let sample = try Sample()
    let leaf = sample.leaves[1]
    for page in [leaf, sample.root, sample.overflow[1], sample.catalogue] {
      let tree = page == sample.catalogue ? nil : page == sample.overflow[1] ? "free" : "fixed"
      try expect("checksum", tree: tree, page: page) { $0.bytes[page * 4096 + 1000] ^= 16 }
      try expect("it says that it is page 77", tree: tree, page: page) {
        $0.change(page) { Page($0).set32(16, 77) }
      }
      // As if what was written over it were lost: it is older, or newer, than what refers to it.
      try expect("a write was lost", tree: tree, page: page) {
        $0.change(page) { Page($0).set64(8, 1 << 40) }
      }
      try expect("a write was lost", tree: tree, page: page) {
        $0.change(page) { Page($0).set32(20, 99) }
      }
    }
    try expect("unknown kind", tree: "fixed", page: leaf) {
      $0.change(leaf) { $0.storeBytes(of: 9, toByteOffset: 24, as: UInt8.self) }
    }
    try expect("its records leave the page", tree: "fixed", page: leaf) {
      $0.change(leaf) { Page($0).count = 5000 }
    }
    try expect("its records leave the page", tree: "free", page: sample.freeLeaf) {
      $0.change($0.freeLeaf) { Page($0).set16(48, 4095) }
    }
  }

  @Test func keysInDisorder() throws {
    let sample = try Sample()
    try expect("out of order", tree: "fixed", page: sample.leaves[1]) {
      $0.changeLeaf($0.leaves[1]) { setKey($0, 3, 0) }
    }
    try expect("belongs before it", tree: "fixed", page: sample.leaves[1]) {
      $0.changeLeaf($0.leaves[1]) { setKey($0, 0, 1) }
    }
    try expect("belongs behind it", tree: "fixed", page: sample.leaves[1]) {
      $0.changeLeaf($0.leaves[1]) { setKey($0, $0.count - 1, 999) }
    }
    try expect("out of order", tree: "fixed", page: sample.root) {
      $0.changeRoot { inner in
        UnsafeMutableRawPointer(mutating: inner.key(2).base)
          .storeBytes(of: 0, as: UInt32.self)
      }
    }
  }

  @Test func countsAndWeights() throws {
    let sample = try Sample()
    try expect("says that there are", tree: "fixed", page: sample.root) {
      $0.changeRoot { $0.add(1, 0, to: 1) }
    }
    try expect("says that there are", tree: "fixed", page: sample.root) {
      $0.changeRoot { $0.add(0, 1, to: 1) }
    }
    try expect("says that there are", tree: "fixed", page: sample.root) {
      $0.changeLeaf($0.leaves[0]) { $0.setWeight(7, 6) }
    }
    for (offset, words) in [
      (8, "it has 1000 entries; the catalogue says 1001"),
      (16, "its weights add up to 5000; the catalogue says 5001"),
      (24, "its long values have 0 pages; the catalogue says 1"),
    ] {
      try expect(words, tree: "fixed", page: nil) { sample in
        sample.change(sample.catalogue) { [layout = sample.freeLayout] in
          let value = LeafPage($0, layout).value(0)
          let page = Page(UnsafeMutableRawPointer(mutating: value.base))
          page.set64(offset, page.u64(offset) + 1)
        }
      }
    }
  }

  @Test func referencesThatLeadAstray() throws {
    let sample = try Sample()
    try expect("leads outside", tree: "fixed", page: 1 << 30) {
      $0.changeRoot { $0.setChild(2, 1 << 30) }
    }
    try expect("leads outside", tree: "fixed", page: 1) { $0.changeRoot { $0.setChild(2, 1) } }
    let first = try #require(sample.leaves.first)
    try expect("referred to twice", tree: "fixed", page: first) {
      $0.changeRoot { $0.setChild(2, $0.child(0)) }
    }
    // To itself, to another tree, nowhere, and ended early.
    let chain = sample.overflow
    try expect("not the page that its parent refers to", tree: "free", page: sample.freeLeaf) {
      $0.change(chain[0]) { Page($0).set32(36, UInt32(sample.freeLeaf)) }
    }
    try expect("referred to twice", tree: "free", page: chain[0]) {
      $0.change(chain[0]) { Page($0).set32(36, UInt32(chain[0])) }
    }
    try expect("leads outside", tree: "free", page: 0) {
      $0.change(chain[0]) { Page($0).set32(36, 0) }
    }
    try expect("longer than the file", tree: "free", page: sample.freeLeaf) { sample in
      sample.change(sample.freeLeaf) { [layout = sample.freeLayout] in
        let reference = LeafPage($0, layout).value(0)
        Page(UnsafeMutableRawPointer(mutating: reference.base)).set64(0, 1 << 60)
      }
    }
  }

  @Test func theSpaceMap() throws {
    let sample = try Sample()
    let bit = { (page: Int) in (48 + page / 8, UInt8(1) << UInt8(page % 8)) }
    for page in [sample.leaves[0], sample.root, sample.overflow[0], sample.spaceMap] {
      try expect("page \(page) is in use, but free", tree: nil, page: page) {
        $0.change($0.spaceMap) { base in
          let (offset, mask) = bit(page)
          let byte = base.load(fromByteOffset: offset, as: UInt8.self)
          base.storeBytes(of: byte & ~mask, toByteOffset: offset, as: UInt8.self)
        }
      }
    }
    // A page of a removed tree that is still marked.
    let storage = MemoryStorage(sample.bytes)
    let store = try TreeStore(on: storage)
    let writing = try store.beginWriting()
    try writing.drop("free")
    try writing.commit(.checkpoint)
    let lost = sample.overflow[1]
    var bytes = storage.bytes
    for number in 2..<bytes.count / 4096 {
      bytes.withUnsafeMutableBytes { bytes in
        let base = bytes.baseAddress! + number * 4096
        guard Page(base).kind == PageKind.spaceMap.rawValue else { return }
        let (offset, mask) = bit(lost)
        let byte = base.load(fromByteOffset: offset, as: UInt8.self)
        base.storeBytes(of: byte | mask, toByteOffset: offset, as: UInt8.self)
        Page(base).set64(0, BlockChecksum.of(base, 4096))
      }
    }
    let problems = try TreeStore(on: MemoryStorage(bytes)).verify().problems
    #expect(problems.map(\.message) == ["page \(lost) is not free, but not in use"])
    // Whoever writes needs the map to open the file; whoever reads is told.
    try expect("checksum", tree: nil, page: sample.spaceMap, readOnly: true) {
      $0.bytes[$0.spaceMap * 4096 + 100] ^= 1
    }
  }

  /// Pages that are in the cache say nothing of those on the storage.
  @Test func damageBelowTheCacheIsFound() throws {
    let sample = try Sample()
    let storage = MemoryStorage(sample.bytes)
    let store = try TreeStore(on: storage)
    let tree = try store.beginReading().tree("fixed")
    #expect(try tree.entries(in: 0..<1000).count == 1000)
    let flipped = [sample.bytes[sample.leaves[2] * 4096 + 99] ^ 1]
    storage.write(flipped.span.bytes, at: Int64(sample.leaves[2] * 4096 + 99))
    let problems = try store.verify().problems
    #expect(problems.map(\.page) == [UInt32(sample.leaves[2])])
    #expect(try tree.entries(in: 0..<1000).count == 1000)
  }

  @Test func progressIsToldAndMayEndIt() throws {
    let store = try TreeStore(on: MemoryStorage(Sample().bytes))
    let stream = ProgressStream()
    #expect(try store.verify(progress: stream).isSound)
    stream.finish()
    struct Enough: Error {}
    for operation in [
      { _ = try store.verify(progress: $0) }, { try store.copy(to: MemoryStorage(), progress: $0) },
      { try store.compact(progress: $0) },
    ] as [(any ProgressReporter) throws -> Void] {
      let error = #expect(throws: TreeError.self) {
        try operation(ProgressClosure { _ in throw Enough() })
      }
      #expect(error?.code == .cancelled)
    }
    #expect(try store.verify().isSound)
    #expect(try store.beginWriting().tree("fixed").count == 1000)
  }

  @Test func progressEndsWithTheTotal() async throws {
    let store = try TreeStore(on: MemoryStorage(Sample().bytes))
    let stream = ProgressStream()
    let report = try store.verify(progress: stream)
    stream.finish()
    var last: Progress?
    for await progress in stream.updates { last = progress }
    // The page of the space map is not looked at as one of a tree.
    #expect(last?.completed == Int64(report.pages) && last?.total == Int64(report.pages) + 1)
    #expect(last?.bytes == Int64(report.pages * 4096) && last?.phase == "verify")
  }
}
