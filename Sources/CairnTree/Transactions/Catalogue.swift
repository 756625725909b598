import CairnCore

/// The tree of trees: names in UTF-8, and a `TreeRecord` each.
enum Catalogue {
  static func record(
    _ value: [UInt8], _ page: UInt32, pageCount: UInt32
  ) throws(TreeError) -> TreeRecord {
    do throws(IOError) {
      var reader = BinaryReader(value.span.bytes)
      let record = try TreeRecord(&reader)
      guard reader.isAtEnd, record.id != 0, record.isPossible(pageCount: pageCount) else {
        throw IOError(.malformed, operation: "decode", subject: "the description of a tree")
      }
      return record
    } catch {
      throw .damaged(page, "\(error)")
    }
  }

  static func value(_ record: TreeRecord) -> [UInt8] {
    var writer = BinaryWriter(reserving: TreeRecord.size)
    record.encode(into: &writer)
    return writer.bytes
  }

  static func key(_ name: String) throws(TreeError) -> [UInt8] {
    let key = Array(name.utf8)
    guard !key.isEmpty, key.count <= Layout.maximumKeyLength else {
      throw .invalid("a tree's name has 1 to \(Layout.maximumKeyLength) bytes")
    }
    return key
  }

  static func find(_ name: String, in root: TreeRoot) throws(TreeError) -> TreeRecord? {
    let key = try key(name)
    return try key.span.bytes.lend { (key) throws(TreeError) in
      try root.withEntry(key) { (leaf, index) throws(TreeError) in
        try record(
          try root.value(leaf, index), leaf.page.number, pageCount: root.pageCount)
      }
    }
  }

  static func names(in root: TreeRoot) throws(TreeError) -> [String] {
    var names: [String] = []
    try root.forEachRun(0..<root.entryCount) { leaf, entries in
      for index in entries { names.append(String(decoding: leaf.key(index).array, as: UTF8.self)) }
      return true
    }
    return names
  }

  static func layout(_ record: TreeRecord, pageSize: Int) throws(TreeError) -> Layout {
    guard let layout = Layout(word: record.layoutWord, pageSize: pageSize) else {
      throw .damaged(record.root, "the catalogue describes a tree that cannot be")
    }
    return layout
  }
}
