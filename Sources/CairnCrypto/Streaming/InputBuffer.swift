internal import CairnCore

/// Bytes read ahead from a reader, so that a format can look before it takes.
///
/// If the file is armored, which it finds out by itself, these are the bytes that it carries.
struct InputBuffer<Input: ByteReader>: ~Copyable {
  private var input: Input
  /// What is between the input and the memory, once it is known that there is an armor.
  private var armor: ArmorText?
  private var hasLooked: Bool
  private var memory: UnsafeMutableRawBufferPointer
  private var start = 0
  private var end = 0

  /// Whether the input has ended; what was read before may still be here.
  private(set) var isAtEnd = false

  /// Whether there is an armor; known when the first bytes are here.
  var isArmored: Bool { armor != nil }

  /// How many characters of an armor have been read.
  var armoredCount: Int64 {
    switch armor {
    case .some(let armor): armor.readCount
    case .none: 0
    }
  }

  /// Makes an empty buffer that reads up to `capacity` bytes at a time.
  ///
  /// - Parameter mayBeArmored: False for input that does not begin as a file does.
  init(_ input: consuming Input, capacity: Int, mayBeArmored: Bool = true) {
    self.input = input
    hasLooked = !mayBeArmored
    memory = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit { memory.deallocate() }

  /// How many bytes are here.
  var count: Int { end - start }

  /// The bytes that are here; valid until the next call that changes the buffer.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[start..<end]) }

  /// Takes the first `count` bytes away.
  mutating func consume(_ count: Int) {
    precondition(count <= self.count, "more taken than there is")
    start += count
  }

  /// Reads until `count` bytes are here or the input ends.
  mutating func fill(to count: Int) throws(CryptoError) {
    while self.count < count, !isAtEnd { try readMore(room: count) }
  }

  /// Reads once, whatever comes, with room for `room` bytes in all.
  mutating func readMore(room: Int) throws(CryptoError) {
    if !hasLooked {
      try look()
      if !isArmored { return }
    }
    makeRoom(for: max(room, count + 1))
    let free = UnsafeMutableRawBufferPointer(rebasing: memory[end...])
    let added: Int
    if isArmored {
      added = try armor?.read(from: &input, into: free) ?? 0
    } else {
      added = try readInput(into: free)
    }
    end += added
    isAtEnd = added == 0
  }

  private mutating func readInput(
    into free: UnsafeMutableRawBufferPointer
  ) throws(CryptoError) -> Int {
    var free = OutputRawSpan(buffer: free, initializedCount: 0)
    do throws(IOError) {
      return try input.read(into: &free)
    } catch {
      throw .io(error)
    }
  }

  /// Reads until it is known whether there is an armor, usually once. If there is one, what was
  /// read is handed to its decoder.
  private mutating func look() throws(CryptoError) {
    while true {
      makeRoom(for: count + 1)
      let added = try readInput(into: UnsafeMutableRawBufferPointer(rebasing: memory[end...]))
      end += added
      let inputIsAtEnd = added == 0
      guard let kind = FileStart.look(at: bytes, isAtEnd: inputIsAtEnd) else { continue }
      hasLooked = true
      switch kind {
      case .binary:
        isAtEnd = inputIsAtEnd
      case .armored:
        armor = ArmorText(start: bytes, isAtEnd: inputIsAtEnd)
        end = start
      }
      return
    }
  }

  /// Sees to it that `room` bytes fit from ``start`` on, and that there is space after ``end``.
  private mutating func makeRoom(for room: Int) {
    if start + room <= memory.count { return }
    let target =
      room <= memory.count
      ? memory : .allocate(byteCount: max(room, 2 * memory.count), alignment: 16)
    target.copyMemory(from: bytes)
    if target.baseAddress != memory.baseAddress {
      memory.deallocate()
      memory = target
    }
    end -= start
    start = 0
  }
}
