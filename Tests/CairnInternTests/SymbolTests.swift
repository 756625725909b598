import CairnIntern
import Testing

@Suite struct SymbolTests {
  @Test func takesFourBytesAlsoIfOptional() {
    #expect(MemoryLayout<Symbol<Names>>.size == 4)
    #expect(MemoryLayout<Symbol<Names>?>.size == 4)
    #expect(MemoryLayout<Symbol<Names>?>.stride == 4)
  }

  @Test func keepsItsRawValue() throws {
    for rawValue: UInt32 in [0, 1, 255, 256, 65_535, 65_536, 0x00FF_FFFF, 0x0100_0000, 0xFEFF_FFFF]
    {
      let symbol: Symbol<Names>? = Symbol(rawValue: rawValue)
      #expect(try #require(symbol).rawValue == rawValue)
    }
    #expect(Symbol<Names>(rawValue: 0xFF00_0000) == nil)
    #expect(Symbol<Names>(rawValue: .max) == nil)
  }

  @Test func keepsNilApart() {
    let some = (0..<256).map { Symbol<Names>(rawValue: $0 << 24) }
    #expect(some.filter { $0 == nil }.count == 1)
  }
}
