import Testing

@testable import CairnS3

@Suite struct TextTests {
  @Test(
    arguments: [
      (0, "19700101T000000Z"), (951_782_400, "20000229T000000Z"), (951_868_799, "20000229T235959Z"),
      (1_795_287_571, "20261121T185931Z"), (4_107_542_400, "21000301T000000Z"),
      (-1, "19691231T235959Z"),
    ] as [(Int64, String)])
  func timesAreThoseOfTheCalendar(seconds: Int64, text: String) {
    let time = Timestamp(seconds: seconds)
    #expect(time.text == text)
    #expect(time.day == String(text.prefix(8)))
    #expect(Timestamp(extended: time.extendedText) == time)
  }

  @Test func everyDayIsReadBack() {
    for day in stride(from: Int64(-800_000), to: 800_000, by: 37) where day > -719_162 {
      let time = Timestamp(seconds: day * 86_400 + 4711)
      #expect(Timestamp(extended: time.extendedText) == time, "day \(day)")
    }
  }

  @Test(arguments: [
    "", "2026-11-21", "2026-11-21T18:59:31", "2026-13-21T18:59:31Z", "2026-11-21T24:00:00Z",
    "2026-11-21 18:59:31Z", "2026-1a-21T18:59:31Z",
  ])
  func whatIsNoTimeIsRefused(text: String) {
    #expect(Timestamp(extended: text) == nil)
  }

  @Test func fractionsOfASecondAreLeftOut() {
    #expect(
      Timestamp(extended: "2026-11-21T18:59:31.123Z") == Timestamp(seconds: 1_795_287_571))
  }

  @Test func addressesAreEncodedAndDecoded() {
    let text = "a-b_c.d~e/f g+h%ä\u{0}"
    #expect(PercentEncoding.encode(text) == "a-b_c.d~e%2Ff%20g%2Bh%25%C3%A4%00")
    #expect(
      PercentEncoding.encode(text, keepsSlashes: true) == "a-b_c.d~e/f%20g%2Bh%25%C3%A4%00")
    #expect(PercentEncoding.decode(PercentEncoding.encode(text)) == Array(text.utf8))
    for wrong in ["%", "%1", "%g0", "a%2"] { #expect(PercentEncoding.decode(wrong) == nil) }
  }

  @Test func rangesAreRead() {
    #expect(S3Target.contentRange("bytes 0-9/10")?.0 == 0..<10)
    #expect(S3Target.contentRange("bytes 5-5/10")?.1 == 10)
    for wrong in ["", "bytes */10", "bytes 9-0/10", "bytes 0-10/10", "items 0-9/10", "bytes 0-9/*"]
    {
      #expect(S3Target.contentRange(wrong) == nil, "\(wrong)")
    }
  }
}
