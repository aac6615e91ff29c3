export interface Voice {
  id: string;
  name: string;
  gender: 'female' | 'male';
  age: 'young' | 'middle_aged' | 'old';
  accent: string;
}

/** Voices under the ids that the provider's ready-made voices have. */
export const voices: readonly Voice[] = [
  voice('9BWtsMINqrJLrRacOk9x', 'Aria', 'female', 'middle_aged', 'american'),
  voice('CwhRBWXzGAHq8TQ4Fs17', 'Roger', 'male', 'middle_aged', 'american'),
  voice('EXAVITQu4vr4xnSDxMaL', 'Sarah', 'female', 'young', 'american'),
  voice('FGY2WhTYpPnrIDTdsKH5', 'Laura', 'female', 'young', 'american'),
  voice('IKne3meq5aSn9XLyUdCD', 'Charlie', 'male', 'young', 'australian'),
  voice('JBFqnCBsd6RMkjVDRZzb', 'George', 'male', 'middle_aged', 'british'),
  voice('N2lVS1w4EtoT3dr4eOWO', 'Callum', 'male', 'middle_aged', 'american'),
  voice('SAz9YHcvj6GT2YYXdXww', 'River', 'female', 'middle_aged', 'american'),
  voice('SOYHLrjzK2X1ezoPC6cr', 'Harry', 'male', 'young', 'american'),
  voice('TX3LPaxmHKxFdv7VOQHJ', 'Liam', 'male', 'young', 'american'),
  voice('XB0fDUnXU5powFXDhCwa', 'Charlotte', 'female', 'young', 'swedish'),
  voice('Xb7hH8MSUJpSbSDYk0k2', 'Alice', 'female', 'middle_aged', 'british'),
  voice('XrExE9yKIg1WjnnlVkGX', 'Matilda', 'female', 'middle_aged', 'american'),
  voice('bIHbv24MWmeRgasZH58o', 'Will', 'male', 'young', 'american'),
  voice('cgSgspJ2msm6clMCkdW9', 'Jessica', 'female', 'young', 'american'),
  voice('cjVigY5qzO86Huf0OWal', 'Eric', 'male', 'middle_aged', 'american'),
  voice('iP95p4xoKVk53GoZ742B', 'Chris', 'male', 'middle_aged', 'american'),
  voice('nPczCjzI2devNBz1zQrb', 'Brian', 'male', 'middle_aged', 'american'),
  voice('onwK4e9ZLuTAKqWW03F9', 'Daniel', 'male', 'middle_aged', 'british'),
  voice('pFZP5JQG7iQjIQuC4Bku', 'Lily', 'female', 'middle_aged', 'british'),
  voice('pNInz6obpgDQGcFmaJgB', 'Adam', 'male', 'middle_aged', 'american'),
  voice('pqHfZKP75CvOlQylNhV4', 'Bill', 'male', 'old', 'american'),
  voice('21m00Tcm4TlvDq8ikWAM', 'Rachel', 'female', 'young', 'american'),
  voice('AZnzlk1XvdvUeBnXmlld', 'Domi', 'female', 'young', 'american'),
  voice('ErXwobaYiN019PkySvjV', 'Antoni', 'male', 'young', 'american'),
];

/** The voice of that id, if there is one. */
export function findVoice(id: string): Voice | undefined {
  return voices.find((known) => known.id === id);
}

/** A voice as the lists show it. */
export function presentVoice({ id, name, gender, age, accent }: Voice) {
  return {
    voice_id: id,
    name,
    category: 'premade',
    labels: { gender, age, accent, language: 'en', use_case: 'conversational' },
    description: `${name} of the sandbox, who keeps silent.`,
    preview_url: null,
    available_for_tiers: [],
    settings: null,
    high_quality_base_model_ids: ['eleven_multilingual_v2', 'eleven_flash_v2_5'],
    verified_languages: [],
    is_legacy: false,
  };
}

function voice(id: string, name: string, gender: Voice['gender'], age: Voice['age'], accent: string): Voice {
  return { id, name, gender, age, accent };
}
