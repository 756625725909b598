import CLibCrypto

/// Memory that grows and is overwritten when it is left: for secrets that arrive or leave in
/// pieces. One thread uses it.
final class SecretBuffer {
  private var memory: UnsafeMutableRawBufferPointer
  private(set) var count = 0

  init() { memory = .allocate(byteCount: 1024, alignment: 16) }

  deinit { Self.destroy(memory) }

  private static func destroy(_ memory: UnsafeMutableRawBufferPointer) {
    OPENSSL_cleanse(memory.baseAddress, memory.count)
    memory.deallocate()
  }

  /// The bytes; valid until the buffer changes.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

  func append(_ bytes: UnsafeRawBufferPointer) {
    fill(upTo: bytes.count) { room in
      room.copyMemory(from: bytes)
      return bytes.count
    }
  }

  func append(_ text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  /// Appends what `body` writes to the memory it is lent, and says how much that is.
  func fill(upTo room: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
    reserve(room)
    let written = body(UnsafeMutableRawBufferPointer(rebasing: memory[count..<(count + room)]))
    precondition((0...room).contains(written), "more written than there was room for")
    count += written
  }

  func removeFirst(_ removed: Int) {
    precondition(removed <= count, "more removed than there is")
    memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[removed..<count]))
    count -= removed
    OPENSSL_cleanse(memory.baseAddress.map { $0 + count }, removed)
  }

  private func reserve(_ room: Int) {
    if count + room <= memory.count { return }
    let larger = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(count + room, 2 * memory.count), alignment: 16)
    larger.copyMemory(from: bytes)
    Self.destroy(memory)
    memory = larger
  }
}
