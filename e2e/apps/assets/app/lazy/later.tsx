import { VERSION } from '../../lib/version';
import styles from './later.module.css';

export default function Later() {
  return <p data-testid="later" className={styles.later}>later {VERSION}</p>;
}
