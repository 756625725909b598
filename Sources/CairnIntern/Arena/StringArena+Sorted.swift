extension StringArena {
  /// All symbols, in the order of their strings' bytes.
  ///
  /// The arena stays as it is. 16 bytes per string are needed meanwhile.
  public func sortedSymbols() -> [Symbol] {
    core.records.sorted(core.count).map { Symbol(known: $0) }
  }
}

extension FrozenStringArena {
  /// All symbols, in the order of their strings' bytes; see ``StringArena/sortedSymbols()``.
  public func sortedSymbols() -> [Symbol] {
    core.records.sorted(core.count).map { Symbol(known: $0) }
  }
}

extension Records {
  func sorted(_ count: Int) -> [UInt32] {
    // Most strings differ in their first eight bytes, which are compared without a look at the rest.
    var keys: [(prefix: UInt64, symbol: UInt32)] = []
    keys.reserveCapacity(count)
    var cursor = RecordCursor(self)
    while let (symbol, content) = cursor.next() {
      var prefix: UInt64 = 0
      for byte in content.prefix(8) { prefix = prefix << 8 | UInt64(byte) }
      prefix <<= UInt64(8 * (8 - min(content.count, 8)))
      keys.append((prefix, symbol))
    }
    keys.sort { left, right in
      left.prefix != right.prefix
        ? left.prefix < right.prefix : precedes(left.symbol, right.symbol)
    }
    return keys.map(\.symbol)
  }
}
