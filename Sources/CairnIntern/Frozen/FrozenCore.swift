import CairnCore
import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A frozen arena in memory, mapped from its file, without the type that tells its symbols apart.
@usableFromInline
final class FrozenCore: @unchecked Sendable {
  // Sendable: all properties are constants, and nothing writes to the memory they lead to until
  // deinit, when no other reference exists.
  private let mapping: UnsafeRawBufferPointer
  private let file: FileDescriptor
  @usableFromInline let records: Records
  let view: GroupView
  let hash: ByteHash
  let count: Int
  let isSearchable: Bool

  /// - Parameter file: borrowed; the arena keeps a descriptor of its own.
  init(_ file: FileDescriptor, _ check: FrozenCheck) throws(InternError) {
    let own: FileDescriptor
    let size: Int
    do throws(Errno) {
      own = try file.duplicated()
    } catch {
      throw .io(.systemCall("open", "the frozen arena", error))
    }
    let mapping: UnsafeRawBufferPointer
    do throws(InternError) {
      size = try Self.size(of: own)
      mapping = try Self.map(own, size)
    } catch {
      try? own.close()
      throw error
    }
    let header: FrozenHeader
    do throws(InternError) {
      header = try FrozenHeader(mapping, fileSize: size)
      if check == .everything { try FrozenVerification(header, mapping).run() }
    } catch {
      Self.unmap(mapping)
      try? own.close()
      throw error
    }
    self.file = own
    self.mapping = mapping
    records = header.records(in: mapping)
    view = header.view(in: mapping)
    hash = header.hash
    count = header.stringCount
    isSearchable = header.isSearchable
  }

  deinit {
    Self.unmap(mapping)
    try? file.close()
  }

  var byteCount: Int { mapping.count }

  /// Puts the records at the start of `memory`, header and all, so that they can be continued there.
  func place(into memory: inout ReservedMemory) throws(InternError) {
    do throws(Errno) {
      try memory.place(file, FrozenHeader.size + records.end)
    } catch {
      throw .io(.systemCall("map", "the frozen arena", error))
    }
  }

  @usableFromInline
  func find(_ bytes: RawSpan) -> UInt32? {
    precondition(isSearchable, "this arena was frozen without its table: see isSearchable")
    let (start, length) = bytes.lentBytes
    return records.find(start, length, hash(start, length), in: view)
  }

  @usableFromInline
  func contains(_ symbol: UInt32) -> Bool {
    precondition(isSearchable, "this arena was frozen without its table: see isSearchable")
    guard let content = records.content(at: records.layout.offset(of: symbol)) else { return false }
    let start = content.baseAddress ?? GroupView.empty.base
    return records.find(start, content.count, hash(start, content.count), in: view) == symbol
  }

  private static func size(of file: FileDescriptor) throws(InternError) -> Int {
    var status = stat()
    do throws(Errno) {
      try retryOnInterrupt { fstat(file.rawValue, &status) }
    } catch {
      throw .io(.systemCall("examine", "the frozen arena", error))
    }
    return Int(status.st_size)
  }

  private static func map(
    _ file: FileDescriptor, _ size: Int
  ) throws(InternError) -> UnsafeRawBufferPointer {
    guard size > 0 else { throw .notFrozen() }
    let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, file.rawValue, 0)
    guard let address, address != MAP_FAILED else {
      throw .io(.systemCall("map", "the frozen arena", Errno(rawValue: errno)))
    }
    return UnsafeRawBufferPointer(start: address, count: size)
  }

  private static func unmap(_ mapping: UnsafeRawBufferPointer) {
    munmap(UnsafeMutableRawPointer(mutating: mapping.baseAddress), mapping.count)
  }
}

extension FileDescriptor {
  fileprivate func duplicated() throws(Errno) -> FileDescriptor {
    FileDescriptor(rawValue: try retryOnInterrupt { fcntl(rawValue, F_DUPFD_CLOEXEC, 0) })
  }
}

extension FrozenHeader {
  /// The records of the file that has this header and is in memory at `mapping`.
  func records(in mapping: UnsafeRawBufferPointer) -> Records {
    Records(
      start: mapping.baseAddress.unsafelyUnwrapped + Self.size, end: recordBytes, layout: layout)
  }

  func view(in mapping: UnsafeRawBufferPointer) -> GroupView {
    guard groupCount > 0 else { return .empty }
    return GroupView(
      base: mapping.baseAddress.unsafelyUnwrapped + tableStart, groupCount: groupCount)
  }
}
