import CairnCore
import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The sorted names of the directories between a root and the current entry, one directory's list
/// on top of its parent's.
///
/// A name costs its length and 10 bytes: its kind, its bytes and a zero in `bytes`, and 8 bytes in
/// `order`. While a list is sorted, 4 bytes of each of those 8 hold a piece of the name, so that
/// most comparisons need not look into `bytes`.
struct NameStack: ~Copyable {
  /// A directory's part of the stack.
  struct List {
    /// Where the directory's names start in `bytes`.
    fileprivate(set) var base: Int
    /// Which elements of `order` are the directory's, and which of them are still to come.
    fileprivate let first: Int
    fileprivate(set) var next: Int
    fileprivate let end: Int

    var isEmpty: Bool { next == end }

    /// Drops the names that are still to come.
    mutating func removeAll() { next = end }
  }

  private var bytes = RawBuffer<UInt8>(capacity: 64 << 10)
  /// The low half is the offset of a name from its list's base.
  private var order = RawBuffer<UInt64>(capacity: 8 << 10)

  /// Loads of four bytes at the last name may reach this far behind it.
  private static let slack = 4

  /// Pushes the sorted names of a directory.
  ///
  /// - Returns: the list, and the reason if not all names could be read.
  mutating func push(
    _ directory: FileDescriptor, using reader: borrowing DirectoryReader
  ) -> (List, Errno?) {
    let base = bytes.count
    let first = order.count
    var reason: Errno?
    do throws(Errno) {
      try reader.list(directory) { name, kind in
        let offset = bytes.count - base
        // More than 4 GiB of names in one directory: the rest is reported as missing.
        guard offset <= UInt32.max else {
          reason = .outOfRange
          return
        }
        bytes.reserve(name.count + 2 + Self.slack)
        bytes.append(kind.rawValue)
        bytes.append(name.baseAddress!, count: name.count)
        bytes.append(0)
        order.append(UInt64(offset))
      }
    } catch {
      reason = error
    }
    sort(from: first, base: base)
    return (List(base: base, first: first, next: first, end: order.count), reason)
  }

  /// Pushes a list of one name.
  mutating func push(name: UnsafePointer<CChar>) -> List {
    let base = bytes.count
    let length = strlen(name)
    bytes.reserve(length + 2 + Self.slack)
    bytes.append(FileKind.unknown.rawValue)
    UnsafeRawPointer(name).withMemoryRebound(to: UInt8.self, capacity: length) {
      bytes.append($0, count: length)
    }
    bytes.append(0)
    order.append(0)
    let first = order.count - 1
    return List(base: base, first: first, next: first, end: order.count)
  }

  /// Removes the list on top.
  mutating func pop(_ list: List) {
    bytes.truncate(to: list.base)
    order.truncate(to: list.first)
  }

  /// Takes the next name of a list: where it is, for ``kind(at:)`` and ``name(at:)``.
  ///
  /// - Precondition: the list is not empty.
  func take(from list: inout List) -> Int {
    precondition(!list.isEmpty)
    let offset = Int(UInt32(truncatingIfNeeded: order.start[list.next]))
    list.next += 1
    return list.base + offset
  }

  /// What the file system told about a name.
  func kind(at position: Int) -> FileKind {
    FileKind(rawValue: bytes.start[position]) ?? .unknown
  }

  /// The name, with a zero byte at its end, valid until the next push.
  func name(at position: Int) -> UnsafePointer<CChar> {
    UnsafeRawPointer(bytes.start + position + 1).assumingMemoryBound(to: CChar.self)
  }
}

// Sorting: by four bytes at a time from the left, which an integer holds together with the offset.
// Names that are alike so far are sorted by their next four bytes.
extension NameStack {
  private func sort(from first: Int, base: Int) {
    let names = bytes.start + base
    var entries = UnsafeMutableBufferPointer(start: order.start + first, count: order.count - first)
    Self.sort(&entries, names, depth: 0)
  }

  /// The four bytes of a name from `depth` on, as a big-endian number; zeros behind the name's end.
  @inline(__always)
  private static func piece(
    _ names: UnsafeMutablePointer<UInt8>, _ entry: UInt64, _ depth: Int
  ) -> UInt64 {
    let start = UnsafeRawPointer(names) + Int(UInt32(truncatingIfNeeded: entry)) + 1 + depth
    let piece = UInt32(bigEndian: start.loadUnaligned(as: UInt32.self))
    if piece & 0xFF00_0000 == 0 { return 0 }
    if piece & 0x00FF_0000 == 0 { return UInt64(piece & 0xFF00_0000) }
    if piece & 0x0000_FF00 == 0 { return UInt64(piece & 0xFFFF_0000) }
    return UInt64(piece)
  }

  /// Sorts names that are alike in their first `depth` bytes.
  private static func sort(
    _ entries: inout UnsafeMutableBufferPointer<UInt64>, _ names: UnsafeMutablePointer<UInt8>,
    depth: Int
  ) {
    var depth = depth
    while entries.count > 1 {
      for index in entries.indices {
        let entry = entries[index]
        entries[index] = piece(names, entry, depth) << 32 | entry & 0xFFFF_FFFF
      }
      entries.sort()
      if entries[0] >> 32 == entries[entries.count - 1] >> 32 {
        // All alike: go on here rather than calling again, since long names share long beginnings.
        if entries[0] >> 32 & 0xFF == 0 { return }
        depth += 4
        continue
      }
      var start = 0
      while start < entries.count {
        let piece = entries[start] >> 32
        var end = start + 1
        while end < entries.count, entries[end] >> 32 == piece { end += 1 }
        // A zero in the piece is the end of the name: there is nothing more to compare.
        if end - start > 1, piece & 0xFF != 0 {
          var part = UnsafeMutableBufferPointer(rebasing: entries[start..<end])
          sort(&part, names, depth: depth + 4)
        }
        start = end
      }
      return
    }
  }
}
