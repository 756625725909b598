import CairnIntern
import SystemPackage

/// Numbers that the stream gives to objects: four bytes each where they lie close together.
struct Marks: ~Copyable {
  private var objects = SparseArray<UInt32>(unset: .max)
  private(set) var count: UInt64 = 0

  var byteCount: Int { objects.byteCount }

  subscript(mark: UInt64) -> UInt32? {
    let object = objects[mark]
    return object == .max ? nil : object
  }

  mutating func set(_ mark: UInt64, to object: UInt32) {
    if objects[mark] == .max { count += 1 }
    objects[mark] = object
  }

  /// Calls `body` with each mark and its object, in ascending order.
  func forEach(_ body: (UInt64, UInt32) throws -> Void) throws {
    try objects.forEachInUse { mark, object in
      if object != .max { try body(mark, object) }
    }
  }

  /// Takes the marks of a file.
  mutating func load(
    _ file: ImportOptions.MarksFile, _ object: (ObjectID) throws -> UInt32?
  ) throws {
    try Self.read(file) { mark, id in
      guard let number = try object(id) else { throw ImportError("object not found: \(id)") }
      set(mark, to: number)
    }
  }

  /// Reads a file of lines ":mark id".
  static func read(
    _ file: ImportOptions.MarksFile, _ body: (UInt64, ObjectID) throws -> Void
  ) throws {
    try readDigits(file) { mark, digits in
      guard let id = ObjectID(hex: digits) else { throw corrupt(":\(mark) \(digits.text)") }
      try body(mark, id)
    }
  }

  /// Reads a file of lines ":mark id", whose ids may be SHA-256; `body` gets their lower-case digits.
  static func readDigits(
    _ file: ImportOptions.MarksFile, _ body: (UInt64, [UInt8]) throws -> Void
  ) throws {
    let descriptor: FileDescriptor
    do {
      descriptor = try .open(file.path, .readOnly, options: .closeOnExec)
    } catch Errno.noSuchFileOrDirectory where file.mayBeMissing {
      return
    } catch {
      throw ImportError("cannot read '\(file.path)': \(error)")
    }
    defer { try? descriptor.close() }
    let reader = StreamReader(descriptor)
    while let line = try reader.readLine() {
      let words = line.split(separator: Byte.space, omittingEmptySubsequences: false)
      guard words.count == 2, words[0].first == Byte.colon, let mark = words[0].dropFirst().decimal,
        mark > 0, words[1].count == 40 || words[1].count == 64,
        words[1].allSatisfy({ ObjectID.value(ofHexDigit: $0) != nil })
      else { throw corrupt(line.text) }
      try body(mark, words[1].map(PathQuoting.lowerCased))
    }
  }

  private static func corrupt(_ line: String) -> ImportError {
    ImportError("corrupt mark line: \(line)")
  }

  /// Writes the file that ``read(_:_:)`` reads, in the place of an older one.
  func save(to path: FilePath, _ id: (UInt32) throws -> ObjectID) throws {
    let new = FilePath(path.string + ".lock")
    do {
      try path.makeParents()
      let file = try FileDescriptor.open(
        new, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      do {
        var lines: [UInt8] = []
        try forEach { mark, object in
          lines += Array(":\(mark) ".utf8) + (try id(object).hex) + [Byte.lineFeed]
          if lines.count >= 64 << 10 {
            try file.writeAll(lines)
            lines.removeAll(keepingCapacity: true)
          }
        }
        try file.writeAll(lines)
        try file.close()
      } catch {
        try? file.close()
        throw error
      }
      try new.rename(to: path)
    } catch let error as Errno {
      throw ImportError("Unable to write marks file \(path): \(error)")
    }
  }
}
