internal import CairnCore

/// Turns bytes into the lines of an armor.
///
/// One text for each file: 64 columns, padded base64, line feeds.
struct ArmorEncoder: ~Copyable {
  /// Bytes that do not fill a line yet.
  private var pending = ByteBuffer(capacity: Base64Line.byteCount)
  /// Lines that have not been passed on.
  private var text = ByteBuffer(capacity: linesPerPiece * (Base64Line.columns + 1))

  /// Some 64 KiB of text: few calls of the output, and little memory.
  private static let linesPerPiece = 1024

  init() { append(line: Armor.beginLine) }

  /// Encodes bytes, and passes lines on as they fill the memory for them.
  mutating func write(
    _ bytes: UnsafeRawBufferPointer, to output: inout some ByteWriter
  ) throws(CryptoError) {
    var rest = bytes
    if !pending.isEmpty {
      rest = UnsafeRawBufferPointer(rebasing: rest[pending.append(rest)...])
      guard pending.isFull else { return }
      try encodeLines(pending.bytes, to: &output)
      pending.removeAll()
    }
    let full = rest.count / Base64Line.byteCount * Base64Line.byteCount
    try encodeLines(UnsafeRawBufferPointer(rebasing: rest[..<full]), to: &output)
    _ = pending.append(UnsafeRawBufferPointer(rebasing: rest[full...]))
  }

  /// Passes on all whole lines.
  mutating func flush(to output: inout some ByteWriter) throws(CryptoError) {
    do throws(IOError) {
      try output.write(text.bytes.bytes)
    } catch {
      throw .io(error)
    }
    text.removeAll()
  }

  /// Ends the armor, and passes on what is left.
  mutating func finish(to output: inout some ByteWriter) throws(CryptoError) {
    // Room for the last two lines.
    if text.free.count < 2 * (Base64Line.columns + 1) { try flush(to: &output) }
    if !pending.isEmpty {
      let unpadded = Base64.encode(pending.bytes)
      let padding = String(repeating: "=", count: (4 - unpadded.utf8.count % 4) % 4)
      append(line: unpadded + padding)
      pending.removeAll()
    }
    append(line: Armor.endLine)
    try flush(to: &output)
  }

  /// Encodes whole lines.
  private mutating func encodeLines(
    _ bytes: UnsafeRawBufferPointer, to output: inout some ByteWriter
  ) throws(CryptoError) {
    let lineCount = bytes.count / Base64Line.byteCount
    guard lineCount > 0, let source = bytes.baseAddress else { return }
    let coder = Base64Line.shared
    var done = 0
    while done < lineCount {
      if text.free.count <= Base64Line.columns { try flush(to: &output) }
      let free = text.free
      let count = min(lineCount - done, free.count / (Base64Line.columns + 1))
      guard let target = free.baseAddress else { return }
      for i in 0..<count {
        let line = target + i * (Base64Line.columns + 1)
        coder.encode(source + (done + i) * Base64Line.byteCount, to: line)
        line.storeBytes(
          of: UInt8(ascii: "\n"), toByteOffset: Base64Line.columns, as: UInt8.self)
      }
      text.count += count * (Base64Line.columns + 1)
      done += count
    }
  }

  /// Appends a line of text; there is room for it.
  private mutating func append(line: String) {
    let line = Array((line + "\n").utf8)
    text.free.copyBytes(from: line)
    text.count += line.count
  }
}
