import CLibCrypto

/// Bytes that must not outlive their use: a key, a passphrase.
///
/// They are overwritten when the last reference goes, never printed, and compared in constant time.
/// They do not move in memory and are not copied by passing this object around. The bytes never
/// change, so any number of threads may read them at once.
///
/// Not promised: that the operating system writes no page of them to swap space.
public final class SecretBytes: @unchecked Sendable {
  // `@unchecked Sendable`: the memory is written only inside an initialiser, before the object is
  // shared, and freed in deinit, when nobody else can hold it. In between it is only read.

  /// How many bytes there are.
  public let count: Int
  private let memory: UnsafeMutableRawBufferPointer

  /// Makes a secret of at most `capacity` bytes by appending them to a span.
  ///
  /// - Parameters:
  ///   - capacity: The size of the memory to reserve; not negative.
  ///   - body: Appends the bytes. What it has appended when it returns is the secret.
  /// - Throws: What `body` throws; the memory is then overwritten and freed.
  public init<E: Error>(
    capacity: Int, initializingWith body: (inout OutputRawSpan) throws(E) -> Void
  ) throws(E) {
    precondition(capacity >= 0, "SecretBytes: negative capacity")
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
    var span = OutputRawSpan(buffer: memory, initializedCount: 0)
    do {
      try body(&span)
    } catch {
      _ = consume span
      Self.destroy(memory)
      throw error
    }
    count = span.finalize(for: memory)
    self.memory = memory
  }

  /// Makes a secret of exactly `count` bytes by filling a buffer.
  init<E: Error>(
    count: Int, filledBy body: (UnsafeMutableRawBufferPointer) throws(E) -> Void
  ) throws(E) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
    memory.initializeMemory(as: UInt8.self, repeating: 0)
    do {
      try body(memory)
    } catch {
      Self.destroy(memory)
      throw error
    }
    self.count = count
    self.memory = memory
  }

  /// Makes a secret that copies `bytes`. Whoever owns those should overwrite them.
  public convenience init(copying bytes: RawSpan) {
    self.init(count: bytes.byteCount) { memory in
      bytes.withUnsafeBytes { memory.copyMemory(from: $0) }
    }
  }

  /// Makes a secret of the UTF-8 bytes of `text`.
  ///
  /// A `String` cannot be overwritten; read a passphrase straight into a secret where you can.
  public convenience init(utf8 text: String) {
    var text = text
    self.init(count: text.utf8.count) { memory in
      text.withUTF8 { memory.copyMemory(from: UnsafeRawBufferPointer($0)) }
    }
  }

  /// Makes a secret of `count` random bytes that nobody can predict.
  ///
  /// - Throws: ``CryptoError/Code/library`` if the system has no randomness to give.
  public convenience init(random count: Int) throws(CryptoError) {
    try self.init(count: count) { (memory) throws(CryptoError) in
      LibCrypto.clearErrors()
      guard
        RAND_priv_bytes_ex(
          LibCrypto.shared.context, memory.baseAddress?.assumingMemoryBound(to: UInt8.self),
          memory.count, 0) == 1
      else { throw LibCrypto.error("make random bytes") }
    }
  }

  deinit { Self.destroy(memory) }

  private static func destroy(_ memory: UnsafeMutableRawBufferPointer) {
    OPENSSL_cleanse(memory.baseAddress, memory.count)
    memory.deallocate()
  }

  /// Lends the bytes to `body`.
  ///
  /// - Throws: What `body` throws.
  public func withBytes<R: ~Copyable, E: Error>(
    _ body: (RawSpan) throws(E) -> R
  ) throws(E) -> R {
    try withExtendedLifetime(self) { () throws(E) -> R in
      try body(UnsafeRawBufferPointer(rebasing: memory[..<count]).bytes)
    }
  }

  /// Lends the bytes to `body` as a buffer, for calls into C. The buffer must not escape.
  ///
  /// - Throws: What `body` throws.
  public func withUnsafeBytes<R: ~Copyable, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    try withExtendedLifetime(self) { () throws(E) -> R in
      try body(UnsafeRawBufferPointer(rebasing: memory[..<count]))
    }
  }
}

extension SecretBytes: Equatable {
  /// Compares two secrets in a time that depends on their lengths only.
  public static func == (a: SecretBytes, b: SecretBytes) -> Bool {
    guard a.count == b.count else { return false }
    return a.withUnsafeBytes { left in
      b.withUnsafeBytes { right in
        left.isEmpty || CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
      }
    }
  }
}

extension SecretBytes: CustomStringConvertible, CustomReflectable {
  /// How many bytes there are, never the bytes.
  public var description: String { "SecretBytes(\(count) bytes)" }

  /// Shows nothing, so that `dump` does not either.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
