//! Decimals in PostgreSQL's binary form: digits of base 10,000, the first with a weight.

const BASE: u128 = 10_000;

/// The digits of a number's sign.
const NEGATIVE: u16 = 0x4000;

/// Writes `number` times `10^-scale`.
pub(super) fn write(number: i128, scale: u8, buffer: &mut Vec<u8>) {
    // Groups of four are counted from the point, so the last one is filled up.
    let groups = usize::from(scale).div_ceil(4);
    let filling = u32::try_from(groups * 4 - usize::from(scale)).unwrap_or(0);
    let (mut whole, factor) = (number.unsigned_abs(), 10_u128.pow(filling));
    let mut digits = Vec::new();
    // The last group by itself: the whole number may have no room for the filling.
    let last = BASE / factor;
    if filling > 0 {
        digits.push((whole % last) * factor);
        whole /= last;
    }
    while whole > 0 {
        digits.push(whole % BASE);
        whole /= BASE;
    }
    let weight = i16::try_from(digits.len()).unwrap_or(0) - i16::try_from(groups).unwrap_or(0) - 1;
    let sign = if number < 0 { NEGATIVE } else { 0 };
    let count = u16::try_from(digits.len()).unwrap_or(0);
    buffer.extend_from_slice(&count.to_be_bytes());
    buffer.extend_from_slice(&weight.to_be_bytes());
    buffer.extend_from_slice(&sign.to_be_bytes());
    buffer.extend_from_slice(&u16::from(scale).to_be_bytes());
    for digit in digits.iter().rev() {
        buffer.extend_from_slice(&u16::try_from(*digit).unwrap_or(0).to_be_bytes());
    }
}

/// Reads a number and how many digits are after its point.
pub(super) fn read(bytes: &[u8]) -> Option<(i128, u8)> {
    let mut words = bytes.chunks_exact(2).map(|pair| match pair {
        [high, low] => u16::from_be_bytes([*high, *low]),
        _ => 0,
    });
    let (count, weight) = (words.next()?, words.next()?.cast_signed());
    let (sign, scale) = (words.next()?, words.next()?);
    if sign != 0 && sign != NEGATIVE {
        return None;
    }
    let scale = u8::try_from(scale).ok()?;
    let mut number: i128 = 0;
    // The exponent of the last digit of the group that comes next.
    let mut exponent = i32::from(weight) * 4;
    for _ in 0..count {
        let digit = i128::from(words.next()?);
        let shift = exponent + i32::from(scale);
        let part = match u32::try_from(shift) {
            Ok(shift) => digit.checked_mul(10_i128.checked_pow(shift)?)?,
            Err(_) => digit / 10_i128.checked_pow(shift.unsigned_abs())?,
        };
        number = number.checked_add(part)?;
        exponent -= 4;
    }
    Some((if sign == NEGATIVE { -number } else { number }, scale))
}

#[cfg(test)]
mod tests {
    use super::{read, write};

    #[test]
    fn numbers_come_back() {
        let numbers = [
            0,
            1,
            -1,
            9_999,
            10_000,
            123_456_789,
            -1_234_567_890_123_456_789_012_345_678,
            10_i128.pow(38) - 1,
        ];
        for number in numbers {
            for scale in [0, 1, 2, 3, 4, 5, 6, 18, 37, 38] {
                let mut bytes = Vec::new();
                write(number, scale, &mut bytes);
                assert_eq!(read(&bytes), Some((number, scale)), "{number} {scale}");
            }
        }
    }

    #[test]
    fn digits_are_those_of_the_server() {
        let mut bytes = Vec::new();
        write(-123_456, 2, &mut bytes);
        assert_eq!(bytes, [0, 2, 0, 0, 0x40, 0, 0, 2, 0x04, 0xd2, 0x15, 0xe0]);
    }
}
