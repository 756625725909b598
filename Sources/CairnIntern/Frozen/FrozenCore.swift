import CairnCore
import SystemPackage

/// A frozen arena in memory, mapped from its file, without the type that tells its symbols apart.
@usableFromInline
final class FrozenCore: @unchecked Sendable {
  // Sendable: all properties are constants or locked, and nothing writes to the memory they lead to
  // until deinit, when no other reference exists.
  private let file: MappedFile
  @usableFromInline let records: Records
  let view: GroupView
  let hash: ByteHash
  let count: Int
  let isSearchable: Bool
  /// Made when somebody asks for it.
  private let numbers = Monitor<NumberIndex?>(nil)

  init(_ file: MappedFile, _ check: FrozenCheck) throws(InternError) {
    let header = try FrozenHeader(file.bytes, fileSize: file.bytes.count)
    if check == .everything { try FrozenVerification(header, file.bytes).run() }
    self.file = file
    records = header.records(in: file.bytes)
    view = header.view(in: file.bytes)
    hash = header.hash
    count = header.stringCount
    isSearchable = header.isSearchable
  }

  var byteCount: Int { file.bytes.count }

  /// Puts the records at the start of `memory`, header and all, so that they can be continued there.
  func place(into memory: inout ReservedMemory) throws(InternError) {
    do throws(Errno) {
      try memory.place(file.descriptor, FrozenHeader.size + records.end)
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

  func symbol(numbered number: Int) -> UInt32? {
    guard records.layout.isNumbered else { return nil }
    return numbers.withLock { [records] numbers in
      let index = numbers ?? NumberIndex(records)
      numbers = index
      return index.symbol(numbered: number, in: records)
    }
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
